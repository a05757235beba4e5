/**
 * What identifies a series of an app: a kind and a key. Kinds are numbers in the tables; append only.
 */

/** Requests by dyno; key `web.1`, one-off dynos by their type (`run`), '' where no dyno was reached. The app's total. */
export const SERIES_DYNO = 1;
/** Lines by H, R or L code; key `H12`. */
export const SERIES_CODE = 2;
/** Requests by exact status; key `503`, `none` without one. */
export const SERIES_STATUS = 3;
/** Requests by method and path shape; key `GET /cart/{id}`. */
export const SERIES_PATH = 4;
/** Requests by host. */
export const SERIES_HOST = 5;
/** Requests by release; key `42`, '' before the first release was seen. */
export const SERIES_RELEASE = 6;
/** Messages by kind; key as in KINDS. */
export const SERIES_MESSAGE = 7;
/** Messages or bodies with a note; key as in NOTES. */
export const SERIES_SKIPPED = 8;
/** Frames; key `accepted`, `duplicate`, or `refused:<status>`. */
export const SERIES_FRAME = 9;
/**
 * Messages by the time they are filed under; key ''. Where it counts anything the stream was alive, also for a history
 * that arrived much later. (Kinds 7 to 9 count by arrival.)
 */
export const SERIES_FILED = 10;
/** log-runtime-metrics; key `web.1\tmemory_total`. */
export const SERIES_DYNO_METRIC = 20;
/** Add-on metrics; key `heroku-postgres\tpostgresql-shape-1\tdb_size`; label: the attachment name. */
export const SERIES_ADDON_METRIC = 21;
/** Custom metrics of app lines; key `count\torders.created`; label: the unit. */
export const SERIES_CUSTOM = 22;

/** Kinds whose buckets are counts; the others are samples. */
export function isCountKind(kind: number): boolean {
  return kind < SERIES_DYNO_METRIC;
}

/** Distinct keys of one kind and app; what comes after is counted under the overflow key. */
export const PATH_SHAPES_MAX = 500;
export const SERIES_PER_APP_MAX = 2000;
/** Key of path shapes beyond their bound. */
export const OTHER_KEY = 'other';
/** Key of any other series beyond the bound of its app. */
export const OVERFLOW_KEY = 'overflow';

/** Joins the parts of a key. Parts never contain a tab: control bytes are taken out before. */
export function seriesKey(...parts: string[]): string {
  return parts.join('\t');
}
