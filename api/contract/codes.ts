/** H, R and L codes. */
import type { Columns, RangeAnswer } from './time.ts';

export interface CodeInfo {
  code: string;
  title: string;
  meaning: string;
  reason: string;
  firstCheck: string;
  severity: string;
  cause: string;
  countsAgainstAvailability: boolean;
  lifecycle: string;
  known: boolean;
}

/** GET /api/v1/codes : the whole table. */
export interface CodeTableAnswer {
  codes: CodeInfo[];
}

/** GET /api/v1/apps/:app/codes?from&to&step */
export interface CodesAnswer {
  range: RangeAnswer;
  codes: (CodeInfo & {
    count: number;
    firstSeenMs: number | null;
    lastSeenMs: number | null;
    shareOfRequests: number | null;
  })[];
  counts: Columns;
}

/** GET /api/v1/apps/:app/requests?from&to&code&status&dyno&requestId&limit : kept single requests, newest first. */
export interface RequestsAnswer {
  requests: {
    atMs: number;
    requestId: string | null;
    method: string | null;
    path: string | null;
    host: string | null;
    client: string | null;
    dyno: string | null;
    connectMs: number | null;
    serviceMs: number | null;
    status: number | null;
    bytes: number | null;
    code: string | null;
    release: number | null;
    why: 'bad' | 'slow' | 'sample' | 'log';
    sampleRate: number;
  }[];
}
