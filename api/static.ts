/** The built pages: read once, served from memory, hashed files for ever. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Context } from 'hono';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};
/** Vite puts a hash of the content into the names of everything under assets/. */
const HASHED = /^assets\/.+-[A-Za-z0-9_-]{8,}\.\w+$/;
/** Pages are a few hundred KB; a folder beyond this is not ours. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;

interface StaticFile {
  type: string;
  etag: string;
  cache: string;
  plain: Buffer;
  gzip: Buffer | null;
  brotli: Buffer | null;
}

/** Files by path without the leading slash. Only files that a browser asks for: no source maps, no dot files (SEC-58). */
export function loadStaticFiles(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true }) as string[];
  } catch {
    return files;
  }
  for (const name of names) {
    const path = name.split(sep).join('/');
    const type = TYPES[extname(path)];
    const full = join(folder, name);
    const isHidden = path.split('/').some((part) => part.startsWith('.'));
    const stat = statSync(full);
    if (!type || isHidden || !stat.isFile() || stat.size > FILE_BYTES_MAX) continue;
    files.set(relative('.', path).split(sep).join('/'), readStatic(full, path, type));
  }
  return files;
}

function readStatic(full: string, path: string, type: string): StaticFile {
  const plain = readFileSync(full);
  const isText = /text|javascript|json|svg/.test(type);
  return {
    type,
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    cache: HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    plain,
    gzip: isText ? gzipSync(plain, { level: 9 }) : null,
    brotli: isText ? brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }) : null,
  };
}

/** The file for an address, or the page itself for an address of the page; null when there is neither. */
export function findFile(files: ReadonlyMap<string, StaticFile>, pathname: string): StaticFile | null {
  const path = pathname.replace(/^\/+/, '');
  const file = files.get(path);
  if (file) return file;
  // What looks like a file and is none is missing; anything else is an address inside the page. Those of an app may
  // end like a file: /a/shop/dynos/web.1.
  const isPage = !path.startsWith('assets/') && (extname(path) === '' || path.startsWith('a/'));
  return isPage ? (files.get('index.html') ?? null) : null;
}

/** Answers with a file, in the smallest coding the browser takes; 304 when it has it. */
export function sendFile(c: Context, file: StaticFile): Response {
  const headers: Record<string, string> = {
    'content-type': file.type,
    'cache-control': file.cache,
    etag: file.etag,
    vary: 'accept-encoding',
  };
  if (c.req.header('if-none-match') === file.etag) return c.body(null, 304, headers);
  const accepts = c.req.header('accept-encoding') ?? '';
  const coding =
    file.brotli && /\bbr\b/.test(accepts) ? 'br' : file.gzip && /\bgzip\b/.test(accepts) ? 'gzip' : null;
  const body = coding === 'br' ? file.brotli : coding === 'gzip' ? file.gzip : file.plain;
  if (coding) headers['content-encoding'] = coding;
  return c.body(new Uint8Array(body ?? file.plain), 200, headers);
}
