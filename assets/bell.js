/* Keeps the count of the bell: asks every half minute, and when the page is looked at again. */
(function () {
  "use strict";
  const EVERY_MS = 30000;

  async function count() {
    const bell = document.querySelector(".mp-bell");
    if (!bell || document.hidden) return;
    try {
      const answer = await fetch("/notifications/count", { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { unread } = await answer.json();
      bell.dataset.unread = String(unread);
      bell.querySelector(".mp-bell-count").textContent = unread
        ? new Intl.NumberFormat(document.documentElement.lang || undefined).format(unread)
        : "";
    } catch {
      /* the page's own mark says that there is no connection */
    }
  }

  setInterval(count, EVERY_MS);
  document.addEventListener("visibilitychange", count);
})();
