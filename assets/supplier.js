/* Sends the forms of a party's board without leaving the page, says what came of it, and asks
   for the page anew. What went wrong stands beside its field; what was typed stays. */
(() => {
  "use strict";

  const SAID_MS = 6000;
  let wishes = 0;
  let silence = 0;

  const cookie = (name) => {
    const found = document.cookie.split("; ").find((one) => one.startsWith(name + "="));
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  };

  const say = (words) => {
    const place = document.querySelector(".mp-ask-said");
    if (!place) return;
    place.textContent = words;
    clearTimeout(silence);
    silence = setTimeout(() => { place.textContent = ""; }, SAID_MS);
  };

  const renew = () => {
    wishes += 1;
    const data = { path: location.pathname, search: location.search, wish: `sent-${wishes}` };
    window.dash_clientside.set_props("desk-live", { data });
  };

  const complain = (form, told) => {
    form.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
    const place = form.querySelector(".mp-ask-wrong");
    if (place) place.textContent = told.words || "";
    const faults = form.parentElement.querySelector(".mp-ask-faults");
    if (faults) {
      faults.replaceChildren(...(told.faults || []).map((words) => {
        const item = document.createElement("li");
        item.textContent = words;
        return item;
      }));
    }
    const field = told.field && form.elements[told.field];
    if (!(field instanceof HTMLElement) || field.type === "hidden") return;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  };

  const send = async (form, submitter) => {
    const body = new FormData(form, submitter);
    const answer = await fetch(form.action, {
      method: "POST", body, redirect: "manual", credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRFToken": cookie("_csrf_token") || body.get("csrf_token") },
    });
    const type = answer.headers.get("Content-Type") || "";
    if (!type.includes("json")) {
      location.reload(); // signed out meanwhile, or the row is gone
      return;
    }
    const told = await answer.json();
    if (!told.ok) {
      complain(form, told);
      return;
    }
    complain(form, {});
    form.reset();
    const fold = form.closest("details");
    if (fold && form.dataset.act !== "comment") fold.open = false;
    say(told.said);
    renew();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest(".mp-desk form[data-act]");
    if (!form) return;
    event.preventDefault();
    if (form.dataset.sending) return;
    form.dataset.sending = "1";
    const buttons = [...form.querySelectorAll("button")];
    const submitter = event.submitter;
    const sent = send(form, submitter).catch(() => {
      complain(form, { words: document.getElementById("desk-as-of")?.dataset.lost || "…" });
    });
    buttons.forEach((button) => { button.disabled = true; });
    sent.finally(() => {
      delete form.dataset.sending;
      buttons.forEach((button) => { button.disabled = false; });
    });
  });

  /* Escape closes what was unfolded and gives the focus back to its button. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const fold = event.target.closest?.("details.mp-ask-fold[open]")
      || document.querySelector("details.mp-ask-fold[open]");
    if (!fold) return;
    fold.open = false;
    fold.querySelector("summary").focus();
  });
})();
