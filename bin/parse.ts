/**
 * `drainboard parse [--sender logplex|shuttle] [--received ISO] [FILE|-]`: reads one request body (octet-counted,
 * as a drain receives it) and prints one JSON object per message, for "why is my line not counted?".
 *
 * Standard output holds the objects and nothing else; what could not be framed is told on standard error. Exit
 * status 0 whenever the body could be read, however bad its content; 2 for wrong arguments or an unreadable file.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describe, type TimeRule } from '../drain/describe.ts';
import { Framer } from '../drain/framing.ts';
import type { Dialect } from '../drain/message.ts';
import { MessageReader } from '../drain/reader.ts';
import { readTimestamp } from '../drain/timestamp.ts';

/** Where a command reads and writes; in a process: stdin, stdout, stderr and the clock. */
export interface ParseIo {
  stdin: AsyncIterable<Uint8Array | string>;
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
  nowMs: number;
}

export const PARSE_USAGE = 'usage: drainboard parse [--sender logplex|shuttle] [--received ISO] [FILE|-]\n';

const EXIT_OK = 0;
const EXIT_USAGE = 2;
/** Objects are written in pieces of about this size: a call per line would cost more than the parsing. */
const PIECE_CHARACTERS = 65_536;

interface ParseOptions {
  dialect: Dialect;
  receivedAtMs: number;
  /** Without `--received` nobody knows when the body arrived, so a readable time is never doubted. */
  timeRule: TimeRule;
  file: string;
}

/** Runs the command with the words after `parse`; gives the exit status. */
export async function runParse(args: readonly string[], io: ParseIo): Promise<number> {
  const options = readOptions(args, io.nowMs);
  if (typeof options === 'string') {
    io.stderr.write(`drainboard parse: ${options}\n${PARSE_USAGE}`);
    return EXIT_USAGE;
  }
  let body: Uint8Array;
  try {
    body = options.file === '-' ? await readAll(io.stdin) : await readFile(options.file);
  } catch (error) {
    io.stderr.write(`drainboard parse: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT_USAGE;
  }
  printMessages(body, options, io);
  return EXIT_OK;
}

/** The options, or what is wrong with the arguments. */
function readOptions(args: readonly string[], nowMs: number): ParseOptions | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { sender: { type: 'string' }, received: { type: 'string' } },
    });
    const dialect = values.sender ?? 'logplex';
    if (dialect !== 'logplex' && dialect !== 'shuttle') return `unknown sender ${dialect}`;
    if (positionals.length > 1) return 'more than one file';
    const file = positionals[0] ?? '-';
    if (values.received === undefined) {
      return { dialect, receivedAtMs: nowMs, timeRule: 'asWritten', file };
    }
    const received = Buffer.from(values.received, 'latin1');
    const receivedAtMs = readTimestamp(received, 0, received.length);
    if (Number.isNaN(receivedAtMs)) return `not a time: ${values.received}`;
    return { dialect, receivedAtMs, timeRule: 'checked', file };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
  return Buffer.concat(pieces);
}

function printMessages(body: Uint8Array, options: ParseOptions, io: ParseIo): void {
  const framer = new Framer();
  const reader = new MessageReader();
  let piece = '';
  framer.start(body);
  while (framer.next()) {
    reader.read(body, framer.messageStart, framer.messageEnd, options.dialect);
    piece += `${JSON.stringify(describe(reader.message, body, options.receivedAtMs, options.timeRule))}\n`;
    if (piece.length > PIECE_CHARACTERS) {
      io.stdout.write(piece);
      piece = '';
    }
  }
  if (piece !== '') io.stdout.write(piece);
  reportFraming(framer, body, io);
}

function reportFraming(framer: Framer, body: Uint8Array, io: ParseIo): void {
  if (framer.emptyMessages > 0) {
    io.stderr.write(`note: ${framer.emptyMessages} message(s) of zero bytes skipped (emptyMessage)\n`);
  }
  if (framer.problem === '') return;
  const rest = Buffer.from(body.subarray(framer.at, framer.at + 60)).toString('utf8');
  const what =
    framer.problem === 'cutBody'
      ? 'the body ends before the message that its octet count announces'
      : 'no octet count where one must stand: each message is "<bytes> <message>", newline counted';
  io.stderr.write(
    `note: ${body.length - framer.at} bytes from byte ${framer.at} on are not read (${framer.problem}): ${what}\n` +
      `note: they begin with ${JSON.stringify(rest)}\n`,
  );
}
