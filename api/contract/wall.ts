/** Screens on a wall: links that show the fleet and can do nothing else. */

/** GET /api/v1/walls ; POST /api/v1/walls {name} → WallCreatedAnswer ; DELETE /api/v1/walls/:id */
export interface WallsAnswer {
  walls: {
    id: string;
    name: string;
    createdAtMs: number;
    /** When the screen asked for anything last, within a minute; null before its first time. */
    lastSeenMs: number | null;
    /** Where from; '' before its first time. */
    lastAddress: string;
  }[];
}

export interface WallCreatedAnswer {
  id: string;
  name: string;
  /** To open on the screen. The secret stands behind `#`, which browsers send to nobody; shown this once. */
  url: string;
}

/** POST /api/v1/wall-session {token} → 204 with the cookie of the screen. Open to everybody who has a link. */
export interface WallSessionRequest {
  token: string;
}
