/** A mail server of tests: speaks SMTP over a socket, checks logins, and answers each step as it is told. */

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, TLSSocket } from 'node:tls';

export interface Mail {
  from: string;
  to: string[];
  /** As it came: headers, empty line, body. */
  source: string;
  isSecure: boolean;
  user: string;
}

/** Replies by step; a function is asked each time. '' closes the connection without a reply. */
export interface SmtpScript {
  greeting?: string;
  auth?: string;
  mail?: string;
  rcpt?: (address: string) => string;
  data?: string;
  /** After the final dot. */
  end?: string;
  hasStarttls?: boolean;
}

export interface FakeSmtp {
  port: number;
  mails: Mail[];
  /** Commands of all sessions, without their secrets. */
  commands: string[];
  script: SmtpScript;
  close(): Promise<void>;
}

export interface SmtpTls {
  key: string;
  cert: string;
  isImplicit: boolean;
}

export async function startSmtp(tls: SmtpTls | null = null): Promise<FakeSmtp> {
  const fake: Omit<FakeSmtp, 'port' | 'close'> = { mails: [], commands: [], script: {} };
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new Session(fake, socket, tls).begin();
  };
  const server: Server = tls?.isImplicit
    ? createTlsServer({ key: tls.key, cert: tls.cert }, accept)
    : createServer(accept);
  // A client that does not trust the certificate is no fault of the server.
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return Object.assign(fake, {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
}

class Session {
  readonly #fake: Pick<FakeSmtp, 'mails' | 'commands' | 'script'>;
  readonly #tls: SmtpTls | null;
  #socket: Socket;
  #text = '';
  #mail: Mail = emptyMail();
  #isData = false;
  #isSecure: boolean;
  #user = '';

  constructor(fake: Pick<FakeSmtp, 'mails' | 'commands' | 'script'>, socket: Socket, tls: SmtpTls | null) {
    this.#fake = fake;
    this.#socket = socket;
    this.#tls = tls;
    this.#isSecure = tls?.isImplicit ?? false;
  }

  begin(): void {
    this.#listen();
    this.#say(this.#fake.script.greeting ?? '220 mail.test ESMTP');
  }

  #listen(): void {
    this.#socket.on('data', (part: Buffer) => this.#take(part.toString()));
    this.#socket.on('error', () => {});
  }

  #say(reply: string): void {
    if (reply === '') this.#socket.destroy();
    else this.#socket.write(`${reply}\r\n`);
  }

  #take(part: string): void {
    this.#text += part;
    while (true) {
      const end = this.#isData ? this.#text.indexOf('\r\n.\r\n') : this.#text.indexOf('\r\n');
      if (end < 0) return;
      const one = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + (this.#isData ? 5 : 2));
      if (this.#isData) this.#finish(one);
      else this.#command(one);
    }
  }

  #finish(source: string): void {
    this.#isData = false;
    const reply = this.#fake.script.end ?? '250 2.0.0 queued';
    // A server that took it and lost the connection before it could say so has it.
    if (reply === '' || reply.startsWith('2')) {
      this.#fake.mails.push({ ...this.#mail, source, isSecure: this.#isSecure, user: this.#user });
    }
    this.#mail = emptyMail();
    this.#say(reply);
  }

  #command(line: string): void {
    const verb = line.split(/[ :]/, 1)[0]?.toUpperCase() ?? '';
    this.#fake.commands.push(verb === 'AUTH' ? line.split(' ').slice(0, 2).join(' ') : line);
    if (verb === 'STARTTLS') this.#secure();
    else this.#say(this.#replyTo(verb, line));
    if (verb === 'QUIT') this.#socket.end();
  }

  #replyTo(verb: string, line: string): string {
    const { script } = this.#fake;
    const address = /<([^>]*)>/.exec(line)?.[1] ?? '';
    switch (verb) {
      case 'EHLO':
        return this.#hello();
      case 'AUTH':
        this.#user =
          Buffer.from(line.split(' ')[2] ?? '', 'base64')
            .toString()
            .split('\0')[1] ?? '';
        return script.auth ?? '235 2.7.0 ok';
      case 'MAIL':
        this.#mail.from = address;
        return script.mail ?? '250 ok';
      case 'RCPT': {
        const reply = script.rcpt?.(address) ?? '250 ok';
        if (reply.startsWith('2')) this.#mail.to.push(address);
        return reply;
      }
      case 'DATA':
        this.#isData = (script.data ?? '354 go on').startsWith('354');
        return script.data ?? '354 go on';
      case 'QUIT':
        return '221 bye';
      default:
        return '250 ok';
    }
  }

  #hello(): string {
    const offers = this.#tls !== null && !this.#isSecure && this.#fake.script.hasStarttls !== false;
    return ['250-mail.test', ...(offers ? ['250-STARTTLS'] : []), '250 AUTH PLAIN LOGIN'].join('\r\n');
  }

  #secure(): void {
    this.#say(this.#tls === null ? '502 not here' : '220 go ahead');
    if (this.#tls === null) return;
    const { key, cert } = this.#tls;
    const plain = this.#socket;
    plain.removeAllListeners('data');
    this.#socket = new TLSSocket(plain, {
      isServer: true,
      secureContext: createSecureContext({ key, cert }),
    });
    this.#isSecure = true;
    this.#listen();
  }
}

function emptyMail(): Mail {
  return { from: '', to: [], source: '', isSecure: false, user: '' };
}
