/** Single requests kept for weeks (table request_details). */
import type { AppDeltas } from '../model/deltas.ts';
import { CopyRows, copyInto } from './copy.ts';
import type { Client } from './pool.ts';

const COLUMNS = `request_details (at_ms, app_id, reason, sample_rate, request_id, method, path, path_shape, host,
  client, dyno, release, connect_ms, service_ms, status, bytes, code)`;

/** Adds the details of a roll-up in its transaction. */
export async function insertDetails(client: Client, apps: AppDeltas[]): Promise<void> {
  const rows = new CopyRows();
  for (const app of apps) {
    for (const detail of app.details) {
      rows.row(17);
      rows.int8(detail.atMs);
      rows.int4(app.appId);
      rows.text(detail.reason);
      rows.float4(detail.sampleRate);
      rows.text(detail.requestId);
      rows.text(detail.method);
      rows.text(detail.path);
      rows.text(detail.pathShape);
      rows.text(detail.host);
      rows.text(detail.client);
      rows.text(detail.dyno);
      rows.int4(detail.release);
      rows.int4(atMostInt4(detail.connectMs));
      rows.int4(atMostInt4(detail.serviceMs));
      rows.int2(detail.status);
      rows.int8(detail.bytes);
      rows.text(detail.code);
    }
  }
  await copyInto(client, COLUMNS, rows);
}

function atMostInt4(value: number | null): number | null {
  return value === null ? null : Math.min(value, 0x7fffffff);
}
