/** Who is signed in, and whether this instance has been claimed. */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { PersonAnswer, SessionAnswer } from '../../api/contract/session.ts';
import { type Client, ClientError, errorText } from '../client.ts';

export interface Session {
  answer: ReadonlySignal<SessionAnswer | null>;
  person: ReadonlySignal<PersonAnswer | null>;
  /** Somebody may read: a person, or a screen on a wall. */
  mayRead: ReadonlySignal<boolean>;
  /** Why the server could not be asked who we are; null when it could. */
  error: ReadonlySignal<string | null>;
  /** Code of that failure (api/error.ts); '' when the server was not reached. */
  errorCode: ReadonlySignal<string>;
  canEdit: ReadonlySignal<boolean>;
  isAdmin: ReadonlySignal<boolean>;
  load(): Promise<void>;
  /** The server said 401: forget the person. */
  forget(): void;
  /** Makes this browser a screen on a wall, by the secret of its link. */
  beginWall(token: string): Promise<void>;
  signOut(): Promise<void>;
}

export function buildSession(client: () => Client): Session {
  const answer = signal<SessionAnswer | null>(null);
  const error = signal<string | null>(null);
  const errorCode = signal('');
  const person = computed(() => answer.value?.person ?? null);
  function forget() {
    const known = answer.peek();
    if (known?.person || known?.wall) {
      const { wall: _, ...rest } = known;
      answer.value = { ...rest, person: null };
    }
  }
  return {
    answer,
    person,
    mayRead: computed(() => person.value !== null || answer.value?.wall !== undefined),
    error,
    errorCode,
    canEdit: computed(() => person.value?.role === 'editor' || person.value?.role === 'admin'),
    isAdmin: computed(() => person.value?.role === 'admin'),
    async load() {
      try {
        answer.value = await client().get<SessionAnswer>('/session');
        error.value = null;
      } catch (thrown) {
        errorCode.value = thrown instanceof ClientError ? thrown.code : '';
        error.value = errorText(thrown);
      }
    },
    forget,
    async beginWall(token) {
      await client().send('POST', '/wall-session', { token });
    },
    async signOut() {
      try {
        await client().send('POST', '/sign-out');
      } catch (thrown) {
        // Already signed out is what was wanted.
        if (!(thrown instanceof ClientError && thrown.status === 401)) throw thrown;
      }
      forget();
    },
  };
}
