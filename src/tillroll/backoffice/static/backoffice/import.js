// An import: says before the upload when a file is too large, shows how far the upload is, then how far the import is.
"use strict";

// The theme's script writes a chosen file's name into the nearest text field, which here is the prefix.
const keepApart = () => {
  const input = document.querySelector("#import-form [type=file]");
  if (input) input.hasChangeListener = true;
};
keepApart();

const send = (form, said, bar) => {
  const button = form.querySelector("button");
  const request = new XMLHttpRequest();
  const fail = () => {
    bar.hidden = true;
    button.disabled = false;
    said.textContent = "The upload broke off. Try again.";
  };
  button.disabled = true;
  bar.hidden = false;
  request.upload.addEventListener("progress", (now) => {
    bar.value = (100 * now.loaded) / now.total;
    said.textContent = `Uploading: ${Math.floor(bar.value)} %`;
  });
  request.addEventListener("error", fail);
  request.addEventListener("load", () => {
    if (request.responseURL !== location.href) {
      location.assign(request.responseURL);
      return;
    }
    const answered = new DOMParser().parseFromString(request.responseText, "text/html").getElementById("import-box");
    if (!answered) {
      fail();
      return;
    }
    const box = document.getElementById("import-box");
    box.replaceWith(answered);
    keepApart();
    answered.querySelector("[name=dump]")?.focus();
  });
  request.open("POST", location.href);
  request.send(new FormData(form));
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  const file = form.id === "import-form" && form.elements.dump.files[0];
  if (!file) return;
  event.preventDefault();
  const said = document.getElementById("upload-said");
  if (file.size > Number(form.dataset.limit)) said.textContent = form.dataset.tooLarge;
  else send(form, said, document.getElementById("upload-bar"));
});

const place = document.getElementById("import-progress");
const look = async () => {
  try {
    const reply = await fetch(place.dataset.url, { headers: { Accept: "application/json" } });
    const now = reply.ok && !reply.redirected && (await reply.json());
    if (!now || !now.is_open) {
      location.reload();
      return;
    }
    place.querySelector("progress").value = now.percent;
    for (const one of place.querySelectorAll("[data-name]")) {
      if (one.textContent !== now[one.dataset.name]) one.textContent = now[one.dataset.name];
    }
  } catch {
    // the server is away for a moment: the next look tells
  }
  setTimeout(look, 1000);
};
if (place) setTimeout(look, 1000);
