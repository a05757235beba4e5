/** The one client for addresses that people enter (SEC-39 to SEC-41): what it is asked and what it answers. */

export interface OutboundRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  /** Of the whole, at most and by default 10 s. */
  timeoutMs?: number;
}

/** Why nothing came back. */
export type OutboundFailure =
  | 'badUrl'
  | 'scheme'
  | 'port'
  | 'address'
  | 'name'
  | 'connect'
  | 'tls'
  | 'timeout'
  | 'broken';

export type OutboundResult =
  | {
      kind: 'answer';
      status: number;
      /** Names in lower case. */
      headers: Readonly<Record<string, string>>;
      /** At most 64 KiB. */
      body: Buffer;
      /** There was more, which nobody read. */
      isCut: boolean;
    }
  | {
      kind: 'failed';
      failure: OutboundFailure;
      /** A sentence without the address. */
      reason: string;
      /** The request went out whole, or in part. */
      mayHaveArrived: boolean;
    };

export interface Outbound {
  /** One request to one checked address. Never throws, never follows. */
  request(request: OutboundRequest): Promise<OutboundResult>;
}
