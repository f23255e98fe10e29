/** OCSP over HTTP, against OpenSSL's own responder. RFC 6960 appendix A. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ocspRequest, parseCertificate } from '../../src/pki/index.ts';
import { Authority, Bench, noOpenssl, type Responder, Web } from './revocation-bench.ts';

if (noOpenssl !== undefined) console.log(`skipped: ${noOpenssl}`);

describe.skipIf(noOpenssl)('OCSP', () => {
  let authority: Authority;
  let bench: Bench;
  const webs: Web[] = [];

  beforeAll(() => {
    authority = new Authority();
  });
  afterAll(() => authority.end());
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(async () => {
    bench.fetcher.close();
    await Promise.all(webs.splice(0).map((web) => web.end()));
  });

  const serve = async (answer: Parameters<typeof Web.serve>[0]): Promise<Web> => {
    const web = await Web.serve(answer);
    webs.push(web);
    return web;
  };
  const good = (...ocspUris: string[]) => authority.question(authority.good, { ocspUris });
  const request = (certificate: Uint8Array): Uint8Array =>
    ocspRequest(parseCertificate(certificate), parseCertificate(authority.certificate));

  describe.each(['get', 'post'] as const)('by %s', (ocspMethod) => {
    it('a real responder says good, and revoked', async () => {
      bench.limits = { crlTimeout: 0, ocspTimeout: 5_000, ocspMethod };
      const responder: Responder = await authority.responder();
      try {
        for (const [certificate, status] of [
          [authority.good, 'good'],
          [authority.bad, 'REVOKED'],
        ] as const) {
          const answer = await bench.ask(authority.question(certificate, { ocspUris: [responder.uri] }));
          expect(bench.lines.at(-1)).toMatch(/^OCSP http:\/\/127.0.0.1:\d+\/: \d+ octets in 0 ms$/);
          expect(authority.verdict(certificate, answer, bench.at)).toBe(status);
        }
      } finally {
        await responder.end();
      }
      const kept = await bench.ask(good(responder.uri));
      expect(authority.verdict(authority.good, kept, bench.at)).toBe('good');
      expect(bench.lines).toHaveLength(2);
    });
  });

  it('a GET has the request in its path, a POST in its body', async () => {
    const bodies: Buffer[] = [];
    const web = await serve((asked, response) => {
      asked.on('data', (chunk: Buffer) => bodies.push(chunk));
      asked.on('end', () => response.end());
    });
    await bench.ask(good(web.uri('/ocsp')));
    bench.limits = { crlTimeout: 0, ocspTimeout: 2_000, ocspMethod: 'post' };
    bench.clock.advance(60_000);
    await bench.ask(good(web.uri('/ocsp')));
    const [get, post] = web.requests;
    expect(get?.method).toBe('GET');
    const path = decodeURIComponent(get?.url?.replace('/ocsp/', '') ?? '');
    expect(new Uint8Array(Buffer.from(path, 'base64'))).toEqual(request(authority.good));
    expect([post?.method, post?.url]).toEqual(['POST', '/ocsp']);
    expect(post?.headers['content-type']).toBe('application/ocsp-request');
    expect(new Uint8Array(Buffer.concat(bodies))).toEqual(request(authority.good));
  });

  it('a POST stays one where it is led on', async () => {
    bench.limits = { crlTimeout: 0, ocspTimeout: 2_000, ocspMethod: 'post' };
    const answer = authority.ocsp(request(authority.good), '-ndays', '1');
    const web = await serve((asked, response) => {
      asked.resume();
      if (asked.url === '/') response.writeHead(302, { location: '/there' }).end();
      else response.end(answer);
    });
    await bench.ask(good(web.uri()));
    expect(web.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /', 'POST /there']);
  });

  it('is kept until its nextUpdate', async () => {
    const answer = authority.ocsp(request(authority.good), '-nmin', '30');
    const web = await serve((_, response) => response.end(answer));
    const question = good(web.uri());
    await bench.ask(question);
    bench.clock.advance(29 * 60_000);
    expect(authority.verdict(authority.good, await bench.ask(question), bench.at)).toBe('good');
    expect(web.requests).toHaveLength(1);
    bench.clock.advance(60_000);
    await bench.ask(question);
    expect(web.requests).toHaveLength(2);
  });

  it('without nextUpdate is asked for each time', async () => {
    const answer = authority.ocsp(request(authority.good));
    const web = await serve((_, response) => response.end(answer));
    for (const times of [1, 2, 3]) {
      expect(authority.verdict(authority.good, await bench.ask(good(web.uri())), bench.at)).toBe('good');
      expect(web.requests).toHaveLength(times);
    }
  });

  it('about another certificate is kept no longer than a minute', async () => {
    const answer = authority.ocsp(request(authority.bad), '-ndays', '1');
    const web = await serve((_, response) => response.end(answer));
    const had = await bench.ask(good(web.uri()));
    expect(authority.verdict(authority.good, had, bench.at)).toBe('unknown');
    expect(bench.lines.at(-1)).toContain('do not say whether the certificate is revoked');
    bench.clock.advance(60_000);
    await bench.ask(good(web.uri()));
    expect(web.requests).toHaveLength(2);
  });

  it('larger than 64 KiB is not read', async () => {
    const web = await serve((_, response) => response.end(new Uint8Array(65_537)));
    expect(await bench.ask(good(web.uri()))).toEqual({ ok: true, crls: [], ocspResponses: [] });
    expect(bench.lines.at(-1)).toMatch(/more than 65536 octets$/);
  });

  it('a responder that refuses one certificate is asked about others', async () => {
    const unauthorized = Uint8Array.of(0x30, 3, 0x0a, 1, 6);
    const answer = authority.ocsp(request(authority.bad), '-ndays', '1');
    const path = encodeURIComponent(Buffer.from(request(authority.bad)).toString('base64'));
    const web = await serve(({ url }, response) => response.end(url?.endsWith(path) ? answer : unauthorized));
    await bench.ask(good(web.uri()));
    expect(bench.lines.at(-1)).toMatch(/unauthorized$/);
    const had = await bench.ask(authority.question(authority.bad, { ocspUris: [web.uri()] }));
    expect(authority.verdict(authority.bad, had, bench.at)).toBe('REVOKED');
    await bench.ask(good(web.uri()));
    expect(bench.lines.at(-1)).toMatch(/failed a moment ago: .*unauthorized$/);
    expect(web.requests).toHaveLength(2);
  });

  it('a responder that does not answer costs no second certificate its time', async () => {
    const web = await serve(() => {});
    const first = bench.ask(good(web.uri()));
    await web.asked(1);
    bench.clock.advance(2_000);
    expect(await first).toEqual({ ok: true, crls: [], ocspResponses: [] });
    await bench.ask(authority.question(authority.bad, { ocspUris: [web.uri()] }));
    expect(bench.lines.at(-1)).toMatch(/not fetched: failed a moment ago: no answer within 2 s$/);
    expect(web.requests).toHaveLength(1);
  });

  it('that settles the matter does not wait for a slow CRL, which is kept when it comes', async () => {
    const ocsp = authority.ocsp(request(authority.good), '-ndays', '1');
    const list = authority.crl();
    let release = (): void => {};
    const web = await serve(({ url }, response) => {
      if (url === '/crl') release = () => response.end(list);
      else response.end(ocsp);
    });
    const question = authority.question(authority.good, {
      crlUris: [web.uri('/crl')],
      ocspUris: [web.uri()],
    });
    const early = await bench.ask(question);
    expect(early).toMatchObject({ ok: true, crls: [] });
    expect(authority.verdict(authority.good, early, bench.at)).toBe('good');
    await web.asked(2);
    const late = bench.ask(authority.question(authority.bad, { crlUris: [web.uri('/crl')] }));
    release();
    expect(authority.verdict(authority.bad, await late, bench.at)).toBe('REVOKED');
    expect(web.requests).toHaveLength(2);
  });
});
