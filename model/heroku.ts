/**
 * Names of Heroku's processes. A procid is the PROCID field of a line: `web.1`, `router`, `heroku-postgres`.
 * A dyno is `TYPE.N` on Cedar (TYPE = letters, digits, `_`, `-`) and `TYPE-<replica set>-<pod>` on Fir
 * (heroku/cli: `web-848cd4f64d-pvpr2`).
 */

/** Fir's two last parts come from an alphabet without vowels, 0, 1 and 3, so that they never spell a word. */
const FIR_DYNO = /^([A-Za-z0-9_-]+)-[bcdfghjklmnpqrstvwxz24-9]{6,10}-[bcdfghjklmnpqrstvwxz24-9]{5}$/;
const CEDAR_DYNO = /^([A-Za-z0-9_-]+)\.([0-9]{1,9})$/;
const MAX_DYNO_NAME = 128;

/** Formations end at 100 dynos a type (more by arrangement); beyond this a number is that of a one-off. */
export const MAX_FORMATION_NUMBER = 1_000;
/** Types whose dynos carry a fresh number each time. */
const ONE_OFF_TYPES: ReadonlySet<string> = new Set(['run', 'scheduler', 'release']);

/** The process type of a dyno: `web` of `web.1`; null when the procid is no dyno. */
export function processTypeOf(procid: string): string | null {
  if (procid.length > MAX_DYNO_NAME) return null;
  return CEDAR_DYNO.exec(procid)?.[1] ?? FIR_DYNO.exec(procid)?.[1] ?? null;
}

/** Whether a procid is the name of a dyno (and not `router`, `api`, an add-on …). */
export function isDyno(procid: string): boolean {
  return processTypeOf(procid) !== null;
}

/**
 * The name under which a dyno's series are kept: itself for the formation, the process type alone for what
 * has a new name each time (`run.4821`, `scheduler.9200`, numbers over 1,000, Fir), so that ten thousand
 * one-off dynos are one series (C-01). A procid that is no dyno stays as it is.
 */
export function seriesDynoName(procid: string): string {
  const type = processTypeOf(procid);
  if (type === null) return procid;
  if (ONE_OFF_TYPES.has(type) || !procid.includes('.')) return type;
  return Number(procid.slice(type.length + 1)) > MAX_FORMATION_NUMBER ? type : procid;
}
