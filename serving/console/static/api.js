// Calls of the service's public API, through the console's own address, with the reader's key.

const KEPT = "console-key";
const WAIT_MS = 15000;

/** What the service refused, in its own words. */
export class Refusal extends Error {
  constructor(status, told, headers) {
    super(told.info ?? "");
    this.status = status;
    this.reason = told.reason ?? "UNKNOWN";
    this.info = told.info ?? "";
    this.details = told.details ?? [];
    this.retryAfter = Number(headers?.get("Retry-After")) || 0;
    this.limit = Number(headers?.get("X-RateLimit-Limit")) || 0;
  }
}

/** The key as it was typed, for as long as this tab is open. */
export const key = {
  get: () => sessionStorage.getItem(KEPT) ?? "",
  set: (value) => sessionStorage.setItem(KEPT, value),
  forget: () => sessionStorage.removeItem(KEPT),
};

async function call(method, path, { body, withKey = false, signal } = {}) {
  const headers = {};
  if (withKey && key.get()) headers["X-API-Key"] = key.get();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const limits = [AbortSignal.timeout(WAIT_MS), ...(signal ? [signal] : [])];
  const options = { method, headers, body, cache: "no-store", credentials: "omit", signal: AbortSignal.any(limits) };
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, { reason: "CONSOLE_UNREACHABLE" });
  }
  let told;
  try {
    told = await reply.json();
  } catch {
    throw new Refusal(reply.status, { reason: "NO_JSON" }, reply.headers);
  }
  if (!reply.ok) throw new Refusal(reply.status, told.status ?? {}, reply.headers);
  return told;
}

export const about = () => call("GET", "console.json");
export const document_ = () => call("GET", "seldon.json");
export const metadata = () => call("GET", "metadata");
export const ready = () => call("GET", "health/ready");
export const figures = () => call("GET", "figures.json");
export const drift = () => call("GET", "drift");
export const versions = () => call("GET", "versions");

/** What became of a receipt, or of a row of it: `<receipt>/<row>`. Whatever else was typed is one piece of the path. */
export function receipt(id) {
  const [, whole, row] = /^(.*?)(\/\d+)?$/s.exec(id);
  return call("GET", `api/v1.0/receipts/${encodeURIComponent(whole)}${row ?? ""}`, { withKey: true });
}

/** The reply to one row. A whole number that is too long for a JavaScript number is sent as it was typed. */
export function predict(names, row, signal) {
  const values = row.map((value) => (typeof value === "bigint" ? String(value) : JSON.stringify(value)));
  const tags = JSON.stringify({ explain: true, features: true });
  const body = `{"data":{"names":${JSON.stringify(names)},"ndarray":[[${values.join(",")}]]},"meta":{"tags":${tags}}}`;
  return call("POST", "api/v1.0/predictions", { body, withKey: true, signal });
}
