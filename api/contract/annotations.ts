/** Notes of people on a moment or a span of an app, shown among its events. */

export interface AnnotationAnswer {
  id: string;
  fromMs: number;
  /** Equal to fromMs for a moment. */
  toMs: number;
  text: string;
  author: string;
  createdAtMs: number;
  /** Whether the caller may take it away: whoever wrote it, and admins. */
  canDelete: boolean;
}

/** GET /api/v1/apps/:app/annotations?from&to : those that touch the range, by start. */
export interface AnnotationsAnswer {
  annotations: AnnotationAnswer[];
}

/** POST /api/v1/apps/:app/annotations → AnnotationAnswer; DELETE /api/v1/apps/:app/annotations/:id */
export interface AnnotationRequest {
  fromMs: number;
  /** Left out: a moment. */
  toMs?: number | undefined;
  /** 1 to 500 characters on one line. */
  text: string;
}
