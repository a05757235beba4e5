/** Set-up, sign-in, people and API tokens. */

export type Role = 'viewer' | 'editor' | 'admin';

export interface PersonAnswer {
  id: string;
  email: string;
  displayName: string;
  role: Role;
}

/** GET /api/v1/session : open to everybody. */
export interface SessionAnswer {
  setupNeeded: boolean;
  person: PersonAnswer | null;
  /** Set when it is a screen on a wall that asks, by its own link: it reads the fleet and nothing else. */
  wall?: { name: string };
  baseUrl: string;
}

/** POST /api/v1/setup */
export interface SetupRequest {
  token: string;
  email: string;
  password: string;
  displayName?: string;
  baseUrl?: string;
}

/** POST /api/v1/sign-in */
export interface SignInRequest {
  email: string;
  password: string;
}

/** GET /api/v1/sessions */
export interface SessionsAnswer {
  sessions: {
    id: string;
    createdAtMs: number;
    lastSeenMs: number;
    userAgent: string;
    address: string;
    current: boolean;
  }[];
}

/** GET /api/v1/tokens ; POST /api/v1/tokens {name, role} → TokenCreatedAnswer */
export interface TokensAnswer {
  tokens: {
    id: string;
    name: string;
    role: Role;
    createdAtMs: number;
    expiresAtMs: number;
    lastUsedMs: number | null;
    /** Who made it; '' from the command line. */
    createdBy: string;
  }[];
}
export interface TokenCreatedAnswer {
  id: string;
  /** `dbt_…`, shown this once. */
  token: string;
  role: Role;
  expiresAtMs: number;
}

/** GET /api/v1/people */
export interface PeopleAnswer {
  people: (PersonAnswer & { disabled: boolean; createdAtMs: number })[];
}

/** POST /api/v1/people {email, password, role, displayName?} → PersonAnswer */
export interface PersonRequest {
  email: string;
  password: string;
  role: Role;
  displayName?: string | undefined;
}

/** PATCH /api/v1/people/:id → PersonAnswer */
export interface PersonChange {
  role?: Role | undefined;
  displayName?: string | undefined;
  disabled?: boolean | undefined;
}

/** GET /api/v1/audit?limit&before=<id>&action=<beginning>&subject=<part>&actor&from&to : newest first */
export interface AuditAnswer {
  entries: {
    id: number;
    atMs: number;
    actor: string;
    /** As people know it: a name, `API token "CI"`, `command line`. */
    actorName: string;
    action: string;
    subject: string;
    address: string;
    before?: Record<string, unknown> | undefined;
    after?: Record<string, unknown> | undefined;
  }[];
}

/** application/problem+json (RFC 9457). */
export interface ProblemAnswer {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** One of the closed list in api/error.ts. */
  code: string;
  requestId: string;
  faults?: { field: string; message: string }[];
}
