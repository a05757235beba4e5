/** What may fail in the ordinary course of things gives a `Result`; what must not fail throws. */
export type Result<Value, Failure> = { ok: true; value: Value } | { ok: false; error: Failure };

/** A result that went well. */
export function ok<Value>(value: Value): { ok: true; value: Value } {
  return { ok: true, value };
}

/** A result that did not, with its reason: best one of a closed list, never free text alone. */
export function err<Failure>(error: Failure): { ok: false; error: Failure } {
  return { ok: false, error };
}
