/* Keeps the start live: one stream says when something has changed at any of its sites, and they
 * are drawn anew, at most every five seconds, never while the tab is hidden. Between that the age
 * of the newest event goes on; without a heartbeat everything is hatched. Python alone decides what
 * is shown.
 */
(() => {
  "use strict";

  const RENEW_EVERY_MS = 5000;
  const PATIENCE_MS = 30000; // an answer that was lost on its way is waited for no longer
  const LOST_AFTER_MS = 11000; // two heartbeats missed
  const TICK_MS = 1000;
  const STEPS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

  const root = () => document.getElementById("home");
  let stream = null;
  let renewedAt = -Infinity;
  let wishes = 0;

  /* Whoever may see this page no longer is sent elsewhere by the server: follow it there. */
  const leaveWhenKeptOut = () => {
    fetch(location.href, { redirect: "manual", cache: "no-store" })
      .then((answer) => { if (answer.type === "opaqueredirect") location.reload(); })
      .catch(() => {});
  };

  class Stream {
    constructor() {
      this.changedAt = new Map(); // site → real instant, ms
      this.heardAt = performance.now();
      this.connect();
    }

    connect() {
      const source = new EventSource("/live/home");
      this.source = source;
      for (const kind of ["snapshot", "cells"]) {
        source.addEventListener(kind, (event) => this.take(JSON.parse(event.data).c));
      }
      source.addEventListener("beat", (event) => {
        if (JSON.parse(event.data).log) this.heardAt = performance.now();
      });
      source.onerror = () => {
        if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
        leaveWhenKeptOut();
        setTimeout(() => this.source === source && this.connect(), 1000 + 2000 * Math.random());
      };
    }

    take(cells) {
      for (const site in cells) this.changedAt.set(site, Number(cells[site].t));
      this.heardAt = performance.now();
    }

    changedAfter(instant) {
      for (const at of this.changedAt.values()) if (at > instant) return true;
      return false;
    }

    lost() {
      return performance.now() - this.heardAt > LOST_AFTER_MS;
    }

    close() {
      this.source.close();
      this.source = null;
    }
  }

  const follow = (page) => {
    const live = page && page.dataset.live === "1";
    if (stream && !live) {
      stream.close();
      stream = null;
    }
    if (!stream && live) stream = new Stream();
  };

  const spoken = (place, seconds) => {
    const [unit, length] = STEPS.find(([, one]) => seconds >= one) || ["s", 1];
    return place.dataset[unit].replace("#", Math.floor(seconds / length));
  };

  /* Each age counts on from when it was drawn. */
  const grow = () => {
    const now = performance.now();
    for (const place of document.querySelectorAll(".mp-glance-age[data-age]")) {
      const drawn = place.closest("[data-drawn]").dataset.drawn;
      if (place.drawnFor !== drawn) [place.drawnFor, place.drawnAt] = [drawn, now];
      const words = spoken(place, Number(place.dataset.age) + (now - place.drawnAt) / 1000);
      if (place.textContent !== words) place.firstChild.nodeValue = words;
    }
  };

  /* Dash drops an answer for which it was asked again meanwhile: a server that is slower than the
   * page asks would never draw anything. `assets/desk.js` says whether one is under way. */
  const isAwaited = () => document.documentElement.classList.contains("mp-busy");

  const tick = () => {
    const page = root();
    follow(page);
    const part = page && page.querySelector("[data-drawn]");
    if (!stream || !part) return;
    const lost = stream.lost();
    page.classList.toggle("mp-lost", lost);
    grow();
    if (lost || document.hidden) return;
    if (!stream.changedAfter(Number(part.dataset.drawn))) return;
    const now = performance.now();
    if (now - renewedAt < (isAwaited() ? PATIENCE_MS : RENEW_EVERY_MS)) return;
    renewedAt = now;
    wishes += 1;
    window.dash_clientside.set_props("home-live", { data: { lang: page.lang, wish: wishes } });
  };

  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
  setInterval(tick, TICK_MS);
})();
