// When to ask for a price: soon after a change, one request at a time, and not more often than the key's limit allows.

const SOON_MS = 90;
const USUAL_LIMIT = 100; // calls a minute, until the service says another
const MINUTE_MS = 60000;

/** Asks again and again for the newest state. */
export class Pricing {
  /**
   * @param ask   (signal) => a promise of the reply, made from the state as it is then
   * @param show  called with each reply of the present subject
   * @param fail  called with what went wrong instead
   */
  constructor(ask, show, fail) {
    Object.assign(this, { ask, show, fail });
    this.subject = 0;
    this.asked = [];
    this.limit = USUAL_LIMIT;
    this.waits = null;
    this.running = null;
    this.changed = false;
    this.notBefore = 0;
  }

  /** Something has changed: ask before long. */
  change() {
    this.changed = true;
    if (this.waits === null && this.running === null) this.waits = setTimeout(() => this.run(), this.pause());
  }

  /** It is about another house now: what is under way no longer matters. */
  turn() {
    this.subject += 1;
    this.running?.abort();
    this.running = null;
    this.stop();
  }

  /** Ask for nothing more for the present. */
  stop() {
    clearTimeout(this.waits);
    this.waits = null;
    this.changed = false;
  }

  /** The service's limit: this many calls a minute, and the next in so many seconds. */
  heed(limit, seconds) {
    if (limit) this.limit = limit;
    this.notBefore = performance.now() + seconds * 1000;
  }

  /** Half of a minute's calls may come in a burst; from then on they are spread. */
  pause() {
    const now = performance.now();
    if (this.notBefore > now) return this.notBefore - now; // the service's own word
    this.asked = this.asked.filter((when) => now - when < MINUTE_MS);
    const burst = this.asked.length < this.limit / 2;
    const apart = burst ? 0 : (this.asked.at(-1) ?? 0) + (MINUTE_MS / this.limit) * 1.25 - now;
    return Math.max(SOON_MS, apart);
  }

  async run() {
    const [subject, running] = [this.subject, new AbortController()];
    this.waits = null;
    this.running = running;
    this.changed = false;
    this.asked.push(performance.now());
    let told = null;
    let error = null;
    try {
      told = await this.ask(running.signal);
    } catch (caught) {
      error = caught;
    }
    if (subject !== this.subject) return; // of a house that is no longer looked at
    this.running = null;
    if (error) this.fail(error);
    else this.show(told);
    if (this.changed) this.change();
  }
}
