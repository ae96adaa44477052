"""Settings from the environment, `.env` and `.streamlit/secrets.toml`; the names are part of the outside face."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from coach.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"


class Settings(BaseSettings):
    """Every setting of the product. `auto` = the vendor when its key is set, else the offline part."""

    model_config = SettingsConfigDict(
        env_file=".env",
        toml_file=".streamlit/secrets.toml",
        extra="ignore",
        env_ignore_empty=True,
        case_sensitive=False,
    )

    coach_home: Path = Field(default=DATA / "local", description="Where the database and the recordings live.")
    coach_database_url: str = Field(default="", description="SQLAlchemy URL; default a DuckDB file in COACH_HOME.")
    coach_audio_url: str = Field(
        default="", description="Recordings: a folder or an fsspec URL; default in COACH_HOME."
    )
    coach_encryption_key: SecretStr | None = Field(
        default=None,
        description="Encrypts what people say and write: 32 bytes as base64, or a passphrase; NEW,OLD to rotate.",
    )
    coach_keys_url: str = Field(
        default="", description="People's wrapped keys: a folder or an fsspec URL; default `keys` in COACH_HOME."
    )
    deepgram_api_key: SecretStr | None = Field(default=None, description="Key for Deepgram speech-to-text and voice.")
    deepgram_base_url: str = Field(default="https://api.deepgram.com", description="Any server that speaks Deepgram.")
    openai_api_key: SecretStr | None = Field(default=None, description="Key for the model.")
    openai_base_url: str = Field(default="https://api.openai.com/v1", description="Any server that speaks OpenAI.")
    coach_openai_model: str = Field(default="gpt-6-luna", description="Model name.")
    coach_openai_lean_model: str = Field(
        default="", description="Model of the light mode; default gpt-6-luna at OpenAI, elsewhere COACH_OPENAI_MODEL."
    )
    coach_openai_api: Literal["responses", "chat"] = Field(default="responses", description="Which OpenAI interface.")
    liveavatar_api_key: SecretStr | None = Field(default=None, description="Key for LiveAvatar.")
    liveavatar_base_url: str = Field(default="https://api.liveavatar.com", description="LiveAvatar server.")
    liveavatar_mode: Literal["auto", "lite", "full"] = Field(
        default="auto",
        description="LITE: this server's voice; FULL: LiveAvatar's own, at twice the price.",
    )
    liveavatar_avatar_id: str = Field(
        default="", description="Whose face: an avatar's id, or one for each persona: sarah=ID,john=ID."
    )
    liveavatar_voice_id: str = Field(default="", description="Voice of FULL mode; default the avatar's own.")
    liveavatar_sandbox: bool = Field(
        default=False, description="Sessions of about a minute with the sandbox's one avatar, at no cost."
    )
    stripe_api_key: SecretStr | None = Field(default=None, description="Key for Stripe billing.")
    stripe_base_url: str = Field(default="https://api.stripe.com", description="Stripe server.")
    stripe_webhook_secret: SecretStr | None = Field(default=None, description="Secret that signs Stripe webhooks.")
    coach_session_hours: float = Field(
        default=12, gt=0, le=720, description="How long a session lives where people sign in with accounts."
    )
    coach_smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server for alerts of budgets and of the watch: smtp://user:password@host:587, or smtps://…",
    )
    coach_watch_email: str = Field(default="", description="Who is told by mail when a bundle in use became worse.")
    coach_watch_webhook: str = Field(default="", description="Address that is posted to when a bundle became worse.")
    coach_webhooks_inside: bool = Field(
        default=False, description="Lets webhooks of budgets name addresses inside this network."
    )
    coach_watch_file: str = Field(default="", description="Rules of the watch; default data/lab/watch.yaml.")
    coach_mail_from: str = Field(default="", description="Sender of mails; default job-foxy@ the mail server.")
    coach_address: str = Field(
        default="127.0.0.1",
        description="Where the server listens. Whoever comes from another machine has to sign in, whatever this says.",
    )
    coach_allowed_hosts: str = Field(
        default="",
        description="Names the server is called by besides localhost and its own address: a.example.org, *.example.com",
    )
    coach_turn_url: str = Field(
        default="",
        description="TURN servers for the microphone over WebRTC, with commas: turn:turn.example.org:3478,turns:…",
    )
    coach_turn_user: str = Field(default="", description="User of those servers, where they have a fixed one")
    coach_turn_password: SecretStr | None = Field(default=None, description="The fixed user's password")
    coach_turn_secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Secret shared with those servers (coturn: static-auth-secret): everybody gets a user for 12 hours",
    )
    coach_access_key: SecretStr | None = Field(
        default=None,
        min_length=12,
        description="What people from other machines sign in with; default a file made in COACH_HOME.",
    )
    coach_open: bool = Field(
        default=False,
        description="Lets everybody in without sign-in, as long as no vendor key is set; every page says so.",
    )
    coach_log: Literal["auto", "json", "text"] = Field(
        default="auto", description="Form of the log; auto is text in a terminal, else JSON."
    )
    coach_sample_data: bool = Field(
        default=False, description="Whether the server loads the sample interviews where there is no session yet."
    )
    coach_audio_days: int = Field(default=30, ge=1, description="Days a recording is kept.")
    coach_text_months: int = Field(default=12, ge=1, description="Months transcripts and feedback are kept.")
    coach_backup_hours: float = Field(
        default=24, ge=0, description="Hours after which a database file that changed is copied; 0 = never by itself."
    )
    coach_backups_kept: int = Field(default=5, ge=1, description="How many copies of the database file remain.")
    coach_transcriber: Literal["auto", "deepgram", "whisper", "server", "typed"] = Field(
        default="auto", description="Who turns speech into text."
    )
    coach_whisper_model: str = Field(
        default="base", description="Whisper's model: a faster-whisper name or a folder; `base` is installed."
    )
    coach_whisper_filler_model: str = Field(
        default="tiny.en", description="The model that hears um and uh; `tiny.en` is installed."
    )
    coach_transcribe_base_url: str = Field(
        default="", description="Server for COACH_TRANSCRIBER=server: the address before /audio/transcriptions."
    )
    coach_transcribe_model: str = Field(default="whisper-1", description="Model name at that server.")
    coach_transcribe_api_key: SecretStr | None = Field(
        default=None, description="Key for that server, if it wants one."
    )
    coach_verbatim_check: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of Deepgram answers whose recording is transcribed again to check that fillers are kept.",
    )
    coach_brain: Literal["auto", "openai", "local", "offline"] = Field(default="auto", description="Who evaluates.")
    coach_local_model_urls: str = Field(
        default="http://127.0.0.1:11434/v1,http://127.0.0.1:1234/v1,http://127.0.0.1:8080/v1",
        description="Where a model on this computer is looked for, separated by commas: Ollama, LM Studio, llama.cpp.",
    )
    coach_local_model_patience_s: float = Field(
        default=120.0,
        ge=5,
        le=3600,
        description="Seconds a model on this computer may take to its first section; its other limits follow from it.",
    )
    coach_avatar: Literal["auto", "liveavatar", "drawn"] = Field(default="auto", description="Who asks.")
    coach_voice: Literal["auto", "deepgram", "local", "browser", "none"] = Field(
        default="auto",
        description="Who speaks; auto is Deepgram with its key, else the voice on this computer, else the browser.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order: arguments, environment, `.env`, secrets.toml."""
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def lean_model(self) -> str:
        """The model of interviews in the light mode."""
        usual = "gpt-6-luna" if "api.openai.com" in self.openai_base_url else self.coach_openai_model
        return self.coach_openai_lean_model or usual

    @property
    def local_model_urls(self) -> tuple[str, ...]:
        """The addresses of `COACH_LOCAL_MODEL_URLS`."""
        return tuple(url.strip() for url in self.coach_local_model_urls.split(",") if url.strip())

    @property
    def database_url(self) -> str:
        """The database in force."""
        return self.coach_database_url or f"duckdb:///{self.coach_home / 'coach.duckdb'}"

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The names of `COACH_ALLOWED_HOSTS`, in lower case."""
        return tuple(name.strip().lower().rstrip(".") for name in self.coach_allowed_hosts.split(",") if name.strip())

    @property
    def costs_money(self) -> bool:
        """Whether an interview may call a vendor that is paid."""
        return any((self.deepgram_api_key, self.openai_api_key, self.liveavatar_api_key))

    @property
    def open_to_all(self) -> bool:
        """Whether people from other machines need no sign-in: only where they cannot spend the owner's money."""
        return self.coach_open and not self.costs_money

    @property
    def audio_url(self) -> str:
        """Where sealed recordings go: a folder path or an fsspec URL."""
        return self.coach_audio_url or str(self.coach_home / "audio")

    @property
    def keys_url(self) -> str:
        """Where people's wrapped keys lie: a folder path or an fsspec URL."""
        return self.coach_keys_url or str(self.coach_home / "keys")

    @property
    def journal_dir(self) -> Path:
        """Where recordings in progress are journalled; always a local disk."""
        return self.coach_home / "journal"


def load_settings(**overrides: object) -> Settings:
    """Reads the settings; `overrides` win over every source.

    Raises:
        SettingsError: naming each setting that cannot be used.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        names = ", ".join(f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(
            f"Settings cannot be used: {names}.", mend="Correct them in the environment or .env."
        ) from error


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
