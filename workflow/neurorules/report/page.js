"use strict";
// Filters of the ledger. Their state is in the URL (#ledger?paper=companion&q=gain), so that a view can be shared.
// Without this script, the whole ledger is shown.
(() => {
  const form = document.getElementById("filters");
  const openFor = (target) => {
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  };
  const target = () => {
    const id = decodeURIComponent(location.hash.slice(1).split("?")[0]);
    return id ? document.getElementById(id) : null;
  };
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((box) => { box.open = true; }));
  if (!form) {
    return;
  }
  const fields = ["paper", "recording", "verdict", "q"];
  const rows = [...document.querySelectorAll(".ledger > tbody > tr")];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase().replace(/\s+/g, " ")]));
  const marks = [...document.querySelectorAll(".forest tr[data-claim]")];
  const shown = document.getElementById("shown");

  const apply = () => {
    const wanted = Object.fromEntries(fields.map((name) => [name, form.elements[name].value.trim()]));
    const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = ["paper", "recording", "verdict"].every((name) => !wanted[name] || row.dataset[name] === wanted[name])
        && words.every((word) => texts.get(row).includes(word));
      row.hidden = !fits;
      count += fits;
    }
    for (const mark of marks) {
      mark.hidden = document.getElementById(`claim-${mark.dataset.claim}`).hidden;
    }
    for (const block of document.querySelectorAll(".block")) {
      block.hidden = !block.querySelector("tr[data-claim]:not([hidden])");
    }
    shown.textContent = `${count} of ${rows.length} rows`;
    document.getElementById("none").hidden = count > 0;
    return wanted;
  };
  const remember = () => {
    const wanted = apply();
    const state = new URLSearchParams(fields.filter((name) => wanted[name]).map((name) => [name, wanted[name]]));
    history.replaceState(null, "", state.size || !location.hash ? `#ledger?${state}`.replace(/\?$/, "") : "#ledger");
  };
  const follow = () => {
    const [, query] = location.hash.split("?");
    if (query !== undefined) {
      const state = new URLSearchParams(query);
      for (const name of fields) {
        const field = form.elements[name];
        field.value = state.get(name) ?? "";
        if (field.selectedIndex < 0) field.selectedIndex = 0; // a name that this study does not have
      }
      apply();
    }
    let to = target();
    if (to && to.hidden) { // a link to a claim that is filtered out
      form.reset();
      apply();
      to = target();
    }
    if (to) {
      openFor(to);
      to.scrollIntoView();
      if (to.hasAttribute("tabindex")) to.focus({ preventScroll: true });
    }
  };
  form.hidden = false;
  form.addEventListener("input", remember);
  form.addEventListener("reset", () => setTimeout(remember));
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", follow);
  if (location.hash) follow();
})();
