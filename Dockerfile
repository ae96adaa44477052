# One process of Job Foxy. Build: docker build -t job-foxy .   Run: see deploy/compose.yaml
FROM python:3.11.7-slim-bookworm AS packages
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-virtualenv -r requirements.txt

FROM python:3.11.7-slim-bookworm
RUN useradd --create-home --uid 10001 coach && mkdir /home/coach/data && chown coach:coach /home/coach/data
COPY --from=packages /venv /venv
WORKDIR /app
COPY app.py pyproject.toml ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY coach coach
COPY pages pages
COPY data data
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 COACH_HOME=/home/coach/data COACH_LOG=json
USER 10001
VOLUME /home/coach/data
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/healthz', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.port", "8501", "--server.headless", "true"]
