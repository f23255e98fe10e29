/** One request for a CRL or an OCSP response, bounded in octets and redirects; its caller bounds the time. */
import { type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';

export interface HttpOrder {
  readonly url: URL;
  /** Makes it a POST. */
  readonly post?: { readonly type: string; readonly body: Uint8Array };
  readonly accept: string;
  /** Octets of the answer. */
  readonly most: number;
  readonly signal: AbortSignal;
}

/** Why nothing was had. `server`: whatever else is asked of that server will fail as well. */
export class FetchError extends Error {
  readonly code = 'FETCH';

  constructor(
    text: string,
    readonly scope: 'server' | 'request',
  ) {
    super(text);
    this.name = 'FetchError';
  }
}

const mostRedirects = 3;
const redirects = [301, 302, 307, 308];

/** The answer's octets. Throws FetchError, and nothing else; `signal` ends it with its reason, if that is one. */
export async function fetchOctets(order: HttpOrder): Promise<Uint8Array> {
  const { signal } = order;
  try {
    signal.throwIfAborted();
    return await Promise.race([follow(order), abortOf(signal)]);
  } catch (error) {
    const why: unknown = signal.aborted ? signal.reason : error;
    if (why instanceof FetchError) throw why;
    throw new FetchError(why instanceof Error ? why.message : String(why), 'server');
  }
}

async function follow(order: HttpOrder): Promise<Uint8Array> {
  let { url } = order;
  for (let left = mostRedirects; ; left--) {
    const response = await respond(url, order);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return await read(response, order.most);
    response.destroy();
    const elsewhere = redirects.includes(statusCode) || (statusCode === 303 && order.post === undefined);
    if (!elsewhere || headers.location === undefined)
      throw new FetchError(`HTTP status ${statusCode}`, statusCode >= 500 ? 'server' : 'request');
    if (left === 0) throw new FetchError(`more than ${mostRedirects} redirects`, 'request');
    url = target(url, headers.location);
  }
}

/** HTTP may lead to HTTPS; nothing leads anywhere else. */
function target(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined) throw new FetchError('redirected to no URI', 'request');
  if (to.protocol !== from.protocol && to.protocol !== 'https:')
    throw new FetchError(`redirected from ${from.protocol} to ${to.protocol}`, 'request');
  return plain(to);
}

/** Without a user's name and password, which nobody gave us to use. */
export function plain(url: URL): URL {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  copy.hash = '';
  return copy;
}

function respond(url: URL, { post, accept, signal }: HttpOrder): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      method: post ? 'POST' : 'GET',
      headers: {
        accept,
        'user-agent': 'ikev2',
        ...(post && { 'content-type': post.type, 'content-length': post.body.length }),
      },
      // A connection of its own: nothing stays open.
      agent: false,
      signal,
    };
    const request = url.protocol === 'https:' ? overHttps(url, options) : overHttp(url, options);
    request.on('socket', (socket) => socket.unref());
    request.on('response', resolve);
    request.on('error', reject);
    request.end(post?.body);
  });
}

async function read(response: IncomingMessage, most: number): Promise<Uint8Array> {
  const tooBig = (): FetchError => {
    response.destroy();
    return new FetchError(`more than ${most} octets`, 'request');
  };
  if (Number(response.headers['content-length'] ?? 0) > most) throw tooBig();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > most) throw tooBig();
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
