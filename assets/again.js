/* A page that stands in for another names what to ask (`data-again`) and what it shows
 * (`data-shown`): asked now and then, and loaded anew once the answer is another. So is a page that
 * stayed empty because a server that was being started answered half of what makes it: a screen on a
 * wall has nobody who would do it.
 */
(() => {
  "use strict";

  const EVERY_MS = 3000;
  const ANSWER_MS = 10000;
  const EMPTY_MS = 60000;
  const READY = "/live/ready";

  let emptySince = performance.now();

  const isEmpty = () => {
    const place = document.getElementById("_pages_content");
    if (place && place.firstElementChild) emptySince = null;
    else emptySince ??= performance.now();
    return emptySince !== null && performance.now() - emptySince > EMPTY_MS;
  };

  /* Whoever may see this page no longer is sent elsewhere by the server: "out", to be followed there.
   * Null: it doesn't answer, or can't say. */
  const stateOf = async (asked) => {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await fetch(asked, { redirect: "manual", cache: "no-store", signal });
    if (answer.type === "opaqueredirect" || answer.status === 401) return "out";
    return answer.ok ? (await answer.json()).state : null;
  };

  const isOver = async () => {
    const page = document.querySelector("[data-again]");
    const empty = isEmpty();
    if (!page && !empty) return false;
    const state = await stateOf(page ? page.dataset.again : READY).catch(() => null);
    if (state === null) return false;
    return page ? page.isConnected && state !== page.dataset.shown : isEmpty();
  };

  const look = async () => {
    if (await isOver()) location.reload();
    else soon();
  };

  const soon = () => setTimeout(look, EVERY_MS * (0.8 + 0.4 * Math.random()));
  soon();
})();
