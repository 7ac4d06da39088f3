// Adds rows to a form: copies the empty one, and counts it.
"use strict";

for (const set of document.querySelectorAll("[data-rows]")) {
  const prefix = set.dataset.rows;
  const count = set.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
  const empty = set.querySelector("template");
  const button = set.querySelector("button");
  button.hidden = false;
  button.addEventListener("click", () => {
    const row = document.createElement("div");
    row.innerHTML = empty.innerHTML.replaceAll("__prefix__", count.value);
    const added = row.firstElementChild;
    count.value = Number(count.value) + 1;
    added.setAttribute("aria-label", `Row ${count.value}`);
    empty.before(added);
    added.querySelector("input:not([type=hidden]), select, textarea").focus();
  });
}
