// What pages do beside htmx: the menu of small screens, questions before something is done, whether what moves is live.
"use strict";
(() => {
  document.documentElement.classList.add("js");
  const on = (type, then) => document.addEventListener(type, then);

  on("click", (event) => {
    const button = event.target.closest("[data-menu]");
    if (button) {
      const open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      document.body.classList.toggle("menu-open", open);
    }
    const copied = event.target.closest("[data-copy]");
    if (copied) {
      const source = document.getElementById(copied.dataset.copy);
      if (!navigator.clipboard) { window.getSelection().selectAllChildren(source); return; }  // without TLS there is none
      navigator.clipboard.writeText(source.textContent.trim()).then(() => {
        const was = copied.dataset.was ||= copied.textContent;  // clicked again it says something else still
        copied.textContent = copied.dataset.copied;
        setTimeout(() => { copied.textContent = was; }, 1500);
      });
    }
  });

  on("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const open of document.querySelectorAll("details.choices[open]")) open.open = false;
    const button = document.querySelector("[data-menu][aria-expanded=true]");
    if (button) { button.click(); button.focus(); }
  });

  // A slash leads to the search field of the page, as in many programs; not while somebody types.
  on("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const field = document.querySelector("[data-search]");
    if (field) { event.preventDefault(); field.focus(); }
  });

  on("submit", (event) => {
    const form = event.target.closest("form");
    const asking = (event.submitter && event.submitter.dataset.ask) || form.dataset.ask;
    if (asking && !window.confirm(asking)) { event.preventDefault(); return; }
    if (form.method === "post" && !form.hasAttribute("hx-post")) {
      // Twice clicked is once done. Only after this event: a disabled button would not be sent.
      setTimeout(() => { for (const button of form.querySelectorAll("button")) button.disabled = true; });
      setTimeout(() => { for (const button of form.querySelectorAll("button")) button.disabled = false; }, 8000);
    }
  });

  on("change", (event) => {
    const field = event.target.closest("[data-submits]");
    if (field && field.form) field.form.requestSubmit();
    const shows = event.target.closest("[data-shows]");
    if (shows) reveal(shows);
  });

  // A choice that shows only the fields that go with it: data-shows on the select, data-for="value value" on the fields.
  function reveal(select) {
    for (const part of document.querySelectorAll(`[data-by="${select.id}"]`))
      part.hidden = !part.dataset.for.split(" ").includes(select.value);
  }
  on("DOMContentLoaded", () => { for (const each of document.querySelectorAll("[data-shows]")) reveal(each); });

  const live = (event, state) => {
    for (const mark of event.target.querySelectorAll("[data-live]")) mark.dataset.live = state;
  };
  on("htmx:sseOpen", (event) => live(event, "on"));
  on("htmx:sseError", (event) => live(event, "off"));
  // Closed by a message of the server's: all has been told, there is nothing to try again.
  on("htmx:sseClose", (event) => live(event, event.detail.type === "message" ? "" : "off"));

})();
