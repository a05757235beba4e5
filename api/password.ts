/** Passwords at rest: argon2id in PHC form (SEC-16). */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** OWASP's 19 MiB with one pass more than its two: about 45 ms here. A small dyno must be able to do a few at once. */
const MEMORY_KIB = 19_456;
const PASSES = 3;
const LANES = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Each one takes MEMORY_KIB while it runs: more at once would be a way to fill our memory. */
const AT_ONCE_MAX = 2;
const WAITING_MAX = 32;

let running = 0;
const waiting: (() => void)[] = [];

/** Too many password checks are under way. */
export class PasswordsBusyError extends Error {
  override name = 'PasswordsBusyError';
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE_MAX) {
    if (waiting.length >= WAITING_MAX) throw new PasswordsBusyError('too many password checks at once');
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running++;
  try {
    return await work();
  } finally {
    // The place is handed on, not given back, when somebody waits.
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

/** `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. The password is taken as NFKC, so that every keyboard makes the same bytes. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await inTurn(() => deriveHash(password, salt, MEMORY_KIB, PASSES, LANES, HASH_BYTES));
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${unpadded(salt)}$${unpadded(hash)}`;
}

function deriveHash(
  password: string,
  nonce: Buffer,
  memory: number,
  passes: number,
  parallelism: number,
  tagLength: number,
): Promise<Buffer> {
  const message = password.normalize('NFKC');
  const parameters: Argon2Parameters = { message, nonce, memory, passes, parallelism, tagLength };
  return derive('argon2id', parameters);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{8,100})\$([A-Za-z0-9+/]{20,200})$/;

/** Whether a password belongs to a stored hash; a hash of another form belongs to none. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  const match = PHC.exec(stored);
  if (!match) return false;
  const [, memory, passes, lanes, salt = '', hash = ''] = match;
  const expected = Buffer.from(hash, 'base64');
  const given = await inTurn(() =>
    deriveHash(
      password,
      Buffer.from(salt, 'base64'),
      Number(memory),
      Number(passes),
      Number(lanes),
      expected.length,
    ),
  );
  return timingSafeEqual(expected, given);
}

let decoy: Promise<string> | undefined;

/** Costs what a real check costs, for people who do not exist (SEC-19); always false. */
export async function verifyNobody(password: string): Promise<false> {
  decoy ??= hashPassword(randomBytes(16).toString('hex'));
  await verifyPassword(await decoy, password);
  return false;
}
