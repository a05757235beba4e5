/**
 * GET /api/v1/stream?apps=a,b (or none for the fleet): server-sent events, one stream a tab.
 * `ping` every 15 s; `tick` when an app has new committed data (at most one a second and app);
 * `event` when an event was stored; `bye` with retry before a restart. Ids allow Last-Event-ID.
 */
export interface TickMessage {
  app: string;
  atMs: number;
  dataThroughMs: number;
  messages: number;
}
