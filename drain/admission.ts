/**
 * Who may be read, and whose turn it is: the room for held bodies, and the way into the group commit, shared out
 * between apps. Where there is enough of both a frame passes with a few additions. Where there is not,
 * apps take turns by bytes, so that one that sends fifty times its share waits for itself and hardly for others.
 */

/** Bytes on their way through the commit: two groups or so. More would be a queue in which nobody can be let past. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** While other apps are about: an app may hold this share of the room whatever the others do … */
const OWN_SHARE = 1 / 4;
/** … and more only as long as the whole is not fuller than this, so that there is always room for the others. */
const COMMON_SHARE = 1 / 2;
/** An app that was heard of this recently is about, ms. */
const ABOUT_MS = 10 * 60_000;
/** What was offered counts half after this, ms. */
const OFFERED_HALF_LIFE_MS = 5_000;
/** Who was heard of this recently shares in what is there, ms. */
const ACTIVE_MS = 10_000;
/** Over its share: so many times what would be an even one. */
const OVER_SHARE = 1.5;
/** Under the last step of shedding, the room there still is. */
const SQUEEZED_SHARE = 1 / 4;

export interface AdmissionOptions {
  /** Bodies held at once, bytes. */
  heldBytesMax: number;
  monotonicMs: () => number;
  windowBytes?: number;
}

/** What an app holds and waits for. */
class Account {
  readonly appName: string;
  held = 0;
  inWindow = 0;
  /** Bytes asked for, decayed to `offeredAtMs`. */
  offered = 0;
  offeredAtMs: number;
  seenAtMs: number;
  /** Bytes let into the commit while others waited, on the scale of all accounts: who has least is next. */
  served = 0;
  /** Frames turned away for more than its share. */
  shed = 0;
  shedAtMs = Number.NEGATIVE_INFINITY;
  readonly forRoom: Place[] = [];
  readonly forTurn: Place[] = [];

  constructor(appName: string, nowMs: number) {
    this.appName = appName;
    this.offeredAtMs = nowMs;
    this.seenAtMs = nowMs;
  }
}

/** A frame's place: waiting for room, holding it, waiting for its turn, on its way through the commit. */
export class Place {
  readonly account: Account;
  bytes: number;
  state: 'new' | 'forRoom' | 'held' | 'forTurn' | 'submitted' | 'left' = 'new';
  /** Called when its room, then its turn has come. */
  go: () => void = () => {};

  constructor(account: Account, bytes: number) {
    this.account = account;
    this.bytes = bytes;
  }
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #windowBytes: number;
  readonly #accounts = new Map<number, Account>();
  /** Accounts with somebody waiting for room, and for a turn. */
  readonly #forRoom = new Set<Account>();
  readonly #forTurn = new Set<Account>();
  /** The newest two apps heard of, to know cheaply whether one is alone. */
  #newest: Account | null = null;
  #other: Account | null = null;
  #served = 0;
  #inWindow = 0;
  /** Bytes of bodies that are being read, wait for their turn or for their commit. */
  heldBytes = 0;
  heldFrames = 0;
  /** The last step of shedding: apps over their share find no room, and there is less of it. */
  isSqueezed = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#windowBytes = options.windowBytes ?? WINDOW_BYTES;
  }

  /** A frame of an app that wants to be read; `bytes` is the most its body can have. */
  arrive(app: { appId: number; appName: string }, bytes: number): Place {
    const nowMs = this.#options.monotonicMs();
    let account = this.#accounts.get(app.appId);
    if (account === undefined || account.appName !== app.appName) {
      account = new Account(app.appName, nowMs);
      this.#accounts.set(app.appId, account);
    }
    account.offered = offeredAt(account, nowMs) + bytes;
    account.offeredAtMs = nowMs;
    account.seenAtMs = nowMs;
    if (this.#newest !== account) {
      this.#other = this.#newest;
      this.#newest = account;
    }
    return new Place(account, bytes);
  }

  /** Calls `go` when the body may be read, at once where there is room. Until then `leave` takes it back. */
  takeRoom(place: Place, go: () => void): void {
    const { account } = place;
    if (place.state === 'left') return;
    if (account.forRoom.length === 0 && this.#hasRoom(place)) {
      this.#hold(place);
      go();
      return;
    }
    place.state = 'forRoom';
    place.go = go;
    account.forRoom.push(place);
    this.#forRoom.add(account);
  }

  /** The body was read and has fewer bytes than were kept for it. */
  shrink(place: Place, bytes: number): void {
    const less = place.bytes - bytes;
    if (less <= 0 || place.state !== 'held') return;
    place.bytes = bytes;
    place.account.held -= less;
    this.heldBytes -= less;
    this.#grantRoom();
  }

  /** Calls `go` when it is the frame's turn to be committed; then `leave` is owed once that is settled. */
  takeTurn(place: Place, go: () => void): void {
    const { account } = place;
    if (place.state === 'left') return;
    if (account.forTurn.length === 0 && this.#fitsWindow(place)) {
      this.#submit(place);
      go();
      return;
    }
    place.state = 'forTurn';
    place.go = go;
    if (account.forTurn.length === 0) account.served = Math.max(account.served, this.#served);
    account.forTurn.push(place);
    this.#forTurn.add(account);
  }

  /** The frame is settled, or given up wherever it is. Twice is once. */
  leave(place: Place): void {
    const { state, account, bytes } = place;
    if (state === 'left' || state === 'new') {
      place.state = 'left';
      return;
    }
    place.state = 'left';
    place.go = () => {};
    if (state === 'forRoom') {
      remove(account.forRoom, place);
      if (account.forRoom.length === 0) this.#forRoom.delete(account);
      return;
    }
    if (state === 'forTurn') {
      remove(account.forTurn, place);
      if (account.forTurn.length === 0) this.#forTurn.delete(account);
    }
    if (state === 'submitted') {
      account.inWindow -= bytes;
      this.#inWindow -= bytes;
    }
    account.held -= bytes;
    this.heldBytes -= bytes;
    this.heldFrames--;
    if (this.#forTurn.size > 0) this.#grantTurns();
    if (this.#forRoom.size > 0) this.#grantRoom();
  }

  /** Whether a frame that was never let in waited for its own app's frames; counted as shed when it did. */
  wasShed(place: Place): boolean {
    const { account, state } = place;
    if ((state !== 'forRoom' && state !== 'forTurn') || !this.#isOver(account)) return false;
    account.shed++;
    account.shedAtMs = this.#options.monotonicMs();
    return true;
  }

  /** Apps shed within the last `withinMs`: name → frames since the process began. */
  shedApps(withinMs: number): Record<string, number> {
    const sinceMs = this.#options.monotonicMs() - withinMs;
    const shed = [...this.#accounts.values()].filter((account) => account.shedAtMs >= sinceMs);
    return Object.fromEntries(shed.map((account) => [account.appName, account.shed]));
  }

  #hasRoom({ account, bytes }: Place): boolean {
    if (this.heldBytes === 0) return true;
    const max = this.#options.heldBytesMax * (this.isSqueezed ? SQUEEZED_SHARE : 1);
    const whole = this.heldBytes + bytes;
    if (whole > max) return false;
    if (this.isSqueezed) return !this.#isOver(account);
    return whole <= max * COMMON_SHARE || account.held + bytes <= max * OWN_SHARE || this.#isAlone(account);
  }

  #fitsWindow({ account, bytes }: Place): boolean {
    if (this.#inWindow === 0) return true;
    if (this.#inWindow + bytes > this.#windowBytes) return false;
    return account.inWindow + bytes <= this.#windowBytes * COMMON_SHARE || this.#isAlone(account);
  }

  /** Nobody else has been heard of for a while. */
  #isAlone(account: Account): boolean {
    const other = this.#newest === account ? this.#other : this.#newest;
    return other === null || other.seenAtMs < this.#options.monotonicMs() - ABOUT_MS;
  }

  /** Whether an app asks for much more than an even share of what is asked for now. */
  #isOver(account: Account): boolean {
    const nowMs = this.#options.monotonicMs();
    let active = 0;
    let whole = 0;
    for (const each of this.#accounts.values()) {
      if (each.seenAtMs < nowMs - ACTIVE_MS) continue;
      active++;
      whole += offeredAt(each, nowMs);
    }
    return active > 1 && offeredAt(account, nowMs) > (OVER_SHARE * whole) / active;
  }

  #hold(place: Place): void {
    place.state = 'held';
    place.account.held += place.bytes;
    this.heldBytes += place.bytes;
    this.heldFrames++;
  }

  #submit(place: Place): void {
    place.state = 'submitted';
    place.account.inWindow += place.bytes;
    this.#inWindow += place.bytes;
  }

  /** Room goes to the app that holds least, its oldest frame first. */
  #grantRoom(): void {
    for (;;) {
      const account = least(
        this.#forRoom,
        (each) => each.held,
        (each) => this.#mayRead(each),
      );
      const place = account?.forRoom.shift();
      if (account === null || place === undefined) return;
      if (account.forRoom.length === 0) this.#forRoom.delete(account);
      this.#hold(place);
      place.go();
    }
  }

  #mayRead(account: Account): boolean {
    const [place] = account.forRoom;
    return place !== undefined && this.#hasRoom(place);
  }

  /** Turns go to the app that had least of them since others began to wait. */
  #grantTurns(): void {
    for (;;) {
      const account = least(
        this.#forTurn,
        (each) => each.served,
        (each) => this.#mayCommit(each),
      );
      const place = account?.forTurn.shift();
      if (account === null || place === undefined) return;
      if (account.forTurn.length === 0) this.#forTurn.delete(account);
      this.#served = account.served;
      account.served += place.bytes;
      this.#submit(place);
      place.go();
    }
  }

  #mayCommit(account: Account): boolean {
    const [place] = account.forTurn;
    return place !== undefined && this.#fitsWindow(place);
  }
}

function offeredAt(account: Account, nowMs: number): number {
  return account.offered * 2 ** ((account.offeredAtMs - nowMs) / OFFERED_HALF_LIFE_MS);
}

/** The account with the smallest figure among those that may; null for none. */
function least(
  accounts: ReadonlySet<Account>,
  figure: (account: Account) => number,
  may: (account: Account) => boolean,
): Account | null {
  let best: Account | null = null;
  for (const account of accounts) {
    if ((best === null || figure(account) < figure(best)) && may(account)) best = account;
  }
  return best;
}

function remove(places: Place[], place: Place): void {
  const index = places.indexOf(place);
  if (index >= 0) places.splice(index, 1);
}
