/** A single request that is kept or looked up, as stored: redacted, its client address shortened. */
export interface RequestDetail {
  atMs: number;
  /** Why it is kept: bad, among the slowest, part of the uniform sample; `log`: read from the durable log. */
  reason: 'bad' | 'slow' | 'sample' | 'log';
  /** Share of such requests that was kept, 0–1: each stands for 1 / sampleRate. */
  sampleRate: number;
  requestId: string | null;
  method: string | null;
  path: string | null;
  host: string | null;
  client: string | null;
  dyno: string | null;
  release: number | null;
  connectMs: number | null;
  serviceMs: number | null;
  status: number | null;
  bytes: number | null;
  code: string | null;
}
