/** The mail server of the operator's setting: `smtps://user:password@mail.example.com`. */

export interface SmtpServer {
  host: string;
  port: number;
  /** `implicit`: TLS from the first byte; `starttls`: required before anything is said; `off`: asked for in so many words. */
  tls: 'implicit' | 'starttls' | 'off';
  user: string;
  password: string;
}

/**
 * smtps: TLS at once, port 465; smtp: STARTTLS, port 587, and nothing is sent where it is not offered. Only
 * `?tls=off` sends in the clear, for a relay on the same machine. null for what is no such address.
 */
export function parseSmtpUrl(text: string): SmtpServer | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isImplicit = url.protocol === 'smtps:';
  if ((!isImplicit && url.protocol !== 'smtp:') || url.hostname === '') return null;
  const isOff = url.searchParams.get('tls') === 'off';
  if (isImplicit && isOff) return null;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (isImplicit ? 465 : 587) : Number(url.port),
    tls: isImplicit ? 'implicit' : isOff ? 'off' : 'starttls',
    user: decode(url.username),
    password: decode(url.password),
  };
}

/** A password may hold a lone `%`. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
