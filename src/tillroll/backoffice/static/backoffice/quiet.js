// htmx would write its styles for indicators into the page, which the content policy refuses; nothing here uses them.
htmx.config.includeIndicatorStyles = false;

// What scrolls is a region, which each has to be called by another name.
addEventListener("load", () => {
  for (const region of document.querySelectorAll(".simplebar-content-wrapper")) {
    region.setAttribute("aria-label", region.closest("#nav-sidebar") ? "The menu, which scrolls" : "The list, which scrolls");
  }
});
