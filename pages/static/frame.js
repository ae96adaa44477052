/* Before Streamlit's own script. Its service is looked for below the page's own address first, and two 404s are met on
   every page, unless the address is given. */
window.__streamlit = { BACKEND_BASE_URL: window.location.origin };

/* Streamlit puts a low placeholder where a part is loaded for the first time, and everything below jumps when it comes.
   So what is below the title shows when the first run of the page stands: parts and type faces are loaded, nothing is a
   placeholder any more, labels have their words, charts and tables are drawn, and for LOOKS looks nothing grew (React
   holds a part back for 300 ms after its placeholder showed). At the latest it shows after PATIENCE_MS. */
{
  const PATIENCE_MS = 10000;
  const LOOK_MS = 100;
  const LOOKS = 3;
  const root = document.documentElement;
  const seen = (one) => (one.checkVisibility ? one.checkVisibility() : one.getClientRects().length > 0);
  const drawn = { stPlotlyChart: ".main-svg", stDataFrame: "canvas" };
  const lift = () => {
    root.classList.remove("jf-first");
    watch.disconnect();
  };
  const whole = (main) =>
    root.dataset.jfParts &&
    document.fonts.status === "loaded" &&
    main.querySelector(".stElementContainer") &&
    !main.querySelector("[data-testid=stSkeleton]") &&
    [...main.querySelectorAll("[data-testid=stWidgetLabel]")].every((one) => !seen(one) || one.textContent) &&
    Object.entries(drawn).every(([part, inside]) =>
      [...main.querySelectorAll(`[data-testid=${part}]`)].every((one) => !seen(one) || one.querySelector(inside)),
    );
  let due = 0, tall = -1, steady = 0;
  const look = () => {
    if (!root.classList.contains("jf-first")) return;
    const main = document.querySelector('.stApp[data-test-script-state="notRunning"] .stMainBlockContainer');
    const before = tall;
    tall = main && whole(main) ? main.scrollHeight : -1;
    steady = tall >= 0 && tall === before ? steady + 1 : 0;
    if (steady >= LOOKS) lift();
    else due = setTimeout(look, LOOK_MS);
  };
  const watch = new MutationObserver(() => {
    clearTimeout(due);
    due = setTimeout(look, LOOK_MS);
  });
  root.classList.add("jf-first");
  watch.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-test-script-state"] });
  document.addEventListener("DOMContentLoaded", look);
  setTimeout(lift, PATIENCE_MS);
}

/* A text that scrolls must be reachable without a mouse; Streamlit's boxes of code are not. */
{
  let due = 0;
  const reach = () => {
    for (const box of document.querySelectorAll("[data-testid=stCode] pre:not([tabindex])")) {
      if (box.scrollHeight > box.clientHeight || box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  };
  const watch = new MutationObserver(() => {
    clearTimeout(due);
    due = setTimeout(reach, 200);
  });
  watch.observe(document.documentElement, { subtree: true, childList: true });
}

/* The bar of screens is a landmark, and says which screen this is; Streamlit's links say neither. */
{
  const tell = () => {
    const bar = document.querySelector(".st-key-jf_nav");
    if (!bar) return;
    if (!bar.hasAttribute("role")) {
      bar.setAttribute("role", "navigation");
      bar.setAttribute("aria-label", "Screens");
    }
    for (const link of bar.querySelectorAll("a")) {
      const here = new URL(link.href).pathname === location.pathname;
      if (here && !link.ariaCurrent) link.ariaCurrent = "page";
      else if (!here && link.ariaCurrent) link.ariaCurrent = null;
    }
  };
  const watch = new MutationObserver(tell);
  watch.observe(document.documentElement, { subtree: true, childList: true });
}

/* Whoever chose a screen from the menu of a phone wants to see it: the menu, which covers it, closes. */
document.addEventListener("click", (event) => {
  const chosen = event.target instanceof Element && event.target.closest("[data-testid=stSidebarNav] a");
  if (!chosen || !matchMedia("(max-width: 1000px)").matches) return;
  setTimeout(() => {
    const close = document.querySelector("[data-testid=stSidebarCollapseButton] button");
    if (close && close.getBoundingClientRect().right > 0) close.click();
  }, 50);
});

/* The menu of a phone: its groups are put as boxes into one list, which no list may hold. Each group is a list of its own,
   called by its heading. */
{
  const tell = () => {
    for (const menu of document.querySelectorAll("ul[data-testid=stSidebarNavItems]:not([role])")) menu.role = "none";
    for (const group of document.querySelectorAll("[data-testid=stSidebarNavItems] > div:not([role])")) {
      group.role = "list";
      group.ariaLabel = group.querySelector("[data-testid=stNavSectionHeader]")?.innerText.split("\n")[0] || "Screens";
    }
  };
  const watch = new MutationObserver(tell);
  watch.observe(document.documentElement, { subtree: true, childList: true });
}
