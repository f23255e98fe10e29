/** CRLs over HTTP: what is fetched, what is not, and for how long it is kept. */
import { createServer } from 'node:https';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/index.ts';
import { Answers, noSecrets } from '../../src/daemon/answers.ts';
import { Memory } from '../../src/daemon/revocation-memory.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { good as goodConfig } from '../config/read.ts';
import { FakeClock } from './fake-clock.ts';
import { Authority, Bench, noOpenssl, WallClock, Web } from './revocation-bench.ts';

if (noOpenssl !== undefined) console.log(`skipped: ${noOpenssl}`);

const nothing = { ok: true, crls: [], ocspResponses: [] };

describe.skipIf(noOpenssl)('CRLs', () => {
  let authority: Authority;
  let crl: Uint8Array;
  let bench: Bench;
  const webs: Web[] = [];

  beforeAll(() => {
    authority = new Authority();
    crl = authority.crl();
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
  const good = (...crlUris: string[]) => authority.question(authority.good, { crlUris });
  const bad = (...crlUris: string[]) => authority.question(authority.bad, { crlUris });

  it('say good, and revoked', async () => {
    const web = await serve((_, response) => response.end(crl));
    const had = await bench.ask(good(web.uri()), bad(web.uri()));
    expect(had).toEqual({ ok: true, crls: [crl], ocspResponses: [] });
    expect(authority.verdict(authority.good, had, bench.at)).toBe('good');
    expect(authority.verdict(authority.bad, had, bench.at)).toBe('REVOKED');
    expect(web.requests).toHaveLength(1);
    expect(web.requests[0]?.headers).toMatchObject({
      accept: expect.stringContaining('application/pkix-crl'),
    });
    expect(bench.lines).toEqual([`CRL ${web.uri()}: ${crl.length} octets in 0 ms`]);
  });

  it('are fetched once for questions at the same time', async () => {
    let release = (): void => {};
    const web = await serve((_, response) => {
      release = () => response.end(crl);
    });
    const answers = [bench.ask(good(web.uri())), bench.ask(bad(web.uri())), bench.ask(good(web.uri()))];
    await web.asked(1);
    release();
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ ok: true, crls: [crl] });
    expect(web.requests).toHaveLength(1);
  });

  it('are kept until their nextUpdate', async () => {
    const short = authority.crl('-crlsec', '1800');
    const web = await serve((_, response) => response.end(short));
    await bench.ask(good(web.uri()));
    bench.clock.advance(29 * 60_000);
    expect(await bench.ask(bad(web.uri()))).toMatchObject({ crls: [short] });
    expect(web.requests).toHaveLength(1);
    bench.clock.advance(60_000);
    await bench.ask(good(web.uri()));
    expect(web.requests).toHaveLength(2);
  });

  it('signed by another are kept for a minute, whatever their nextUpdate', async () => {
    const other = new Authority();
    try {
      const forged = other.crl('-crldays', '3000');
      const list = [forged, crl];
      const web = await serve((_, response) => response.end(list.shift()));
      expect(authority.verdict(authority.bad, await bench.ask(bad(web.uri())), bench.at)).toBe('unknown');
      bench.clock.advance(59_999);
      expect(await bench.ask(bad(web.uri()))).toMatchObject({ crls: [forged] });
      bench.clock.advance(1);
      expect(authority.verdict(authority.bad, await bench.ask(bad(web.uri())), bench.at)).toBe('REVOKED');
    } finally {
      other.end();
    }
  });

  it('of two issuers at one URI are nothing to each other', async () => {
    const other = new Authority();
    try {
      const web = await serve((_, response) => response.end(crl));
      await bench.ask(other.question(other.bad, { crlUris: [web.uri()] }));
      bench.clock.advance(120_000);
      await bench.ask(bad(web.uri()));
      bench.clock.advance(120_000);
      await bench.ask(bad(web.uri()));
      expect(web.requests).toHaveLength(2);
    } finally {
      other.end();
    }
  });

  it('of a server that never answers end with the time limit, and cost nothing for a minute', async () => {
    const web = await serve(() => {});
    const first = bench.ask(good(web.uri()));
    await web.asked(1);
    bench.clock.advance(4_999);
    expect(bench.lines).toEqual([]);
    bench.clock.advance(1);
    expect(await first).toEqual(nothing);
    bench.clock.advance(59_999);
    expect(await bench.ask(good(web.uri()))).toEqual(nothing);
    expect(web.requests).toHaveLength(1);
    bench.clock.advance(1);
    const third = bench.ask(good(web.uri()));
    await web.asked(2);
    bench.clock.advance(5_000);
    expect(await third).toEqual(nothing);
    expect(bench.lines).toEqual([
      `CRL ${web.uri()}: no answer within 5 s`,
      `CRL ${web.uri()}: not fetched: failed a moment ago: no answer within 5 s`,
      `CRL ${web.uri()}: no answer within 5 s`,
    ]);
  });

  it('end before the engine has stopped waiting, however long a fetch may take', async () => {
    bench.limits = { crlTimeout: 3_600_000, ocspTimeout: 3_600_000, ocspMethod: 'get' };
    const web = await serve((_, response) => response.writeHead(200).write(Uint8Array.of(0x30)));
    const asked = bench.ask({ ...good(web.uri('/crl')), ocspUris: [web.uri('/ocsp')] });
    await web.asked(2);
    expect(Math.max(...bench.clock.due)).toBeLessThan(10_000);
    bench.clock.advance(9_000);
    expect(await asked).toEqual(nothing);
    expect(bench.clock.due).toEqual([]);
  });

  it('larger than 64 MiB are not read, whether the server says so or not', async () => {
    const mebibyte = new Uint8Array(1 << 20);
    const web = await serve(({ url }, response) => {
      if (url === '/said')
        return void response.writeHead(200, { 'content-length': (64 << 20) + 1 }).flushHeaders();
      const more = (): void => {
        while (!response.destroyed && response.write(mebibyte));
        response.once('drain', more);
      };
      more();
    });
    expect(await bench.ask(good(web.uri('/said'), web.uri('/unsaid')))).toEqual(nothing);
    const told = ['/said', '/unsaid'].map((path) => `CRL ${web.uri(path)}: more than 67108864 octets`);
    expect([...bench.lines].sort()).toEqual(told);
  });

  const wrong: [what: string, body: () => Uint8Array | string, line: RegExp][] = [
    ['nothing', () => '', /./],
    ['a page', () => '<html>Please log in</html>', /./],
    ['a CRL in PEM', () => '-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n', /./],
    ['a certificate', () => authority.certificate, /./],
    ['half a CRL', () => crl.subarray(0, crl.length / 2), /./],
    ['a CRL and an octet', () => Buffer.concat([crl, Uint8Array.of(0)]), /1 octets after its end/],
    ['depth without end', () => new Uint8Array(1 << 20).fill(0x30), /./],
  ];
  it.each(wrong)('that are %s are none', async (_what, body, line) => {
    const web = await serve((_, response) => response.end(body()));
    expect(await bench.ask(good(web.uri()))).toEqual(nothing);
    expect(bench.lines.at(-1)).toMatch(line);
    expect(await bench.ask(good(web.uri()))).toEqual(nothing);
    expect(web.requests).toHaveLength(1);
  });

  it('mutated never bring the fetcher down', async () => {
    let turn = 0;
    const web = await serve((_, response) => {
      const mutant = Uint8Array.from(crl);
      mutant[(turn * 7) % crl.length] = (turn * 31) & 0xff;
      response.end(mutant);
    });
    for (; turn < 100; turn++) {
      expect(await bench.ask(bad(web.uri(`/${turn}`)))).toMatchObject({ ok: true });
    }
  });

  it.each([204, 206, 304, 403, 404, 500, 503])('are not in an answer of status %i', async (status) => {
    const web = await serve((_, response) => response.writeHead(status).end());
    expect(await bench.ask(good(web.uri()))).toEqual(nothing);
    expect(bench.lines).toEqual([`CRL ${web.uri()}: HTTP status ${status}`]);
  });

  it('of which the connection breaks are not had', async () => {
    const web = await serve((_, response) => {
      response.writeHead(200, { 'content-length': crl.length });
      response.write(crl.subarray(0, 10), () => response.destroy());
    });
    expect(await bench.ask(good(web.uri()))).toEqual(nothing);
    expect(bench.lines).toEqual([`CRL ${web.uri()}: aborted`]);
  });

  it('of a port where nobody listens are not had', async () => {
    const web = await Web.serve(() => {});
    const uri = web.uri();
    await web.end();
    expect(await bench.ask(good(uri))).toEqual(nothing);
    expect(bench.lines[0]).toMatch(/ECONNREFUSED/);
  });

  describe('elsewhere', () => {
    const leading = (location: string) =>
      serve(({ url }, response) => {
        if (url === '/there') response.end(crl);
        else response.writeHead(301, { location }).end();
      });

    it('are fetched from there', async () => {
      const web = await leading('/there');
      expect(await bench.ask(good(web.uri()))).toMatchObject({ crls: [crl] });
      expect(web.paths).toEqual(['/', '/there']);
    });

    it('round and round are given up', async () => {
      const web = await leading('/again');
      expect(await bench.ask(good(web.uri()))).toEqual(nothing);
      expect(web.paths).toEqual(['/', '/again', '/again', '/again']);
      expect(bench.lines.at(-1)).toMatch(/more than 3 redirects$/);
    });

    it.each([
      ['file:///etc/passwd', /redirected from http: to file:$/],
      ['ftp://127.0.0.1/crl', /redirected from http: to ftp:$/],
      ['data:,x', /redirected from http: to data:$/],
      ['http://[', /redirected to no URI$/],
    ])('at %s are not fetched', async (location, line) => {
      const web = await leading(location);
      expect(await bench.ask(good(web.uri()))).toEqual(nothing);
      expect(bench.lines.at(-1)).toMatch(line);
    });
  });

  it('from a server that nobody vouches for are not fetched', async () => {
    const [tlsKey, cert] = [
      authority.openssl('pkey', '-in', 'good.key'),
      authority.openssl('x509', '-in', 'good.crt'),
    ];
    const server = createServer({ key: Buffer.from(tlsKey), cert: Buffer.from(cert) });
    const web = await Web.on(server);
    webs.push(web);
    expect(await bench.ask(good(web.uri('/', 'https')))).toEqual(nothing);
    expect(bench.lines[0]).toMatch(/certificate/);
    expect(web.requests).toEqual([]);
  });

  it.each([
    ['ldap://127.0.0.1/cn=ca?certificateRevocationList', 'only http and https are, not ldap'],
    ['file:///etc/passwd', 'only http and https are, not file'],
    ['ftp://127.0.0.1/ca.crl', 'only http and https are, not ftp'],
    ['ca.crl', 'no URI'],
    ['http://\u0007\n', 'no URI'],
  ])('at %j are refused, and others fetched', async (uri, why) => {
    const web = await serve((_, response) => response.end(crl));
    expect(await bench.ask(good(uri, web.uri()))).toMatchObject({ crls: [crl] });
    expect(bench.lines).toContain(`${JSON.stringify(uri)} is not fetched: ${why}`);
  });

  it('are fetched from eight URIs at most, first of all from the first of each certificate', async () => {
    const web = await serve((_, response) => response.writeHead(404).end());
    const many = Array.from({ length: 20 }, (_, at) => web.uri(`/${at}`));
    await bench.ask(good(...many), bad(web.uri('/bad')));
    expect(new Set(web.paths)).toEqual(new Set(['/0', '/1', '/2', '/3', '/4', '/5', '/6', '/bad']));
    expect(bench.lines[0]).toBe('13 more URIs are not fetched');
  });

  it('are asked for without the name and password of a URI', async () => {
    const web = await serve((_, response) => response.end(crl));
    await bench.ask(good(web.uri().replace('//', '//user:secret@')));
    expect(web.requests[0]?.headers.authorization).toBeUndefined();
    expect(bench.lines.join()).not.toContain('secret');
  });

  it('are not fetched without a policy, or with a time limit of 0', async () => {
    const web = await serve((_, response) => response.end(crl));
    bench.limits = undefined;
    expect(await bench.ask(good(web.uri()))).toEqual(nothing);
    bench.limits = { crlTimeout: 0, ocspTimeout: 2_000, ocspMethod: 'get' };
    expect(await bench.ask(good(web.uri()))).toEqual(nothing);
    expect(web.requests).toEqual([]);
  });

  it('about what is no certificate are not asked for', async () => {
    const question = { ...good('http://127.0.0.1:1/'), certificate: Uint8Array.of(0x30, 0) };
    expect(await bench.ask(question)).toEqual({ ok: false, errno: 'EINVAL' });
    expect(await bench.ask()).toEqual(nothing);
  });

  it('under way end when the fetcher closes, and none is fetched after', async () => {
    const closed: Promise<unknown>[] = [];
    const web = await serve(({ socket }) => {
      closed.push(new Promise((resolve) => socket.once('close', resolve)));
    });
    const asked = bench.ask(good(web.uri()));
    await web.asked(1);
    bench.fetcher.close();
    expect(await asked).toEqual({ ok: false, errno: 'ECANCELED' });
    await Promise.all(closed);
    expect(bench.clock.due).toEqual([]);
    expect(await bench.ask(good(web.uri()))).toEqual({ ok: false, errno: 'ECANCELED' });
    expect(web.requests).toHaveLength(1);
  });

  it('are what the daemon answers the engine with', async () => {
    const web = await serve((_, response) => response.end(crl));
    const lines: string[] = [];
    const config = goodConfig('config setup\n\tcrlcheckinterval=1h\n\tocsp-method=post\n');
    const { revocation } = config.settings;
    expect(revocation).toMatchObject({ crlTimeout: 5_000, ocspTimeout: 2_000, ocspMethod: 'post' });
    const policy = { pki: { revocation } } as Policy;
    const answers = new Answers(
      nodeCrypto,
      new WallClock(),
      noSecrets,
      () => policy,
      (text) => lines.push(text),
    );
    expect(await answers.answer({ kind: 'revocation', of: [bad(web.uri())] })).toMatchObject({ crls: [crl] });
    expect(lines).toHaveLength(1);
    answers.close();
  });
});

describe('the memory of fetches', () => {
  const filled = (most: { entries: number; octets: number }, octets: number): string => {
    const memory = new Memory<string>(new FakeClock(), most);
    for (const key of ['a', 'b', 'c']) memory.set(key, key, 10, octets);
    memory.get('a');
    memory.set('d', 'd', 10, octets);
    return ['a', 'b', 'c', 'd'].map((key) => memory.get(key) ?? '-').join('');
  };

  it('drops what was used least recently, by number and by octets', () => {
    expect(filled({ entries: 3, octets: 100 }, 1)).toBe('a-cd');
    expect(filled({ entries: 9, octets: 30 }, 10)).toBe('a-cd');
    expect(filled({ entries: 9, octets: 29 }, 10)).toBe('--cd');
    expect(filled({ entries: 9, octets: 9 }, 10)).toBe('----');
  });

  it('drops what is over, and never takes it', () => {
    const clock = new FakeClock();
    const memory = new Memory<string>(clock, { entries: 3, octets: 0 });
    memory.set('a', 'a', 10);
    memory.set('b', 'b', 0);
    expect([memory.get('a'), memory.get('b'), memory.size]).toEqual(['a', undefined, 1]);
    clock.advance(10);
    expect([memory.get('a'), memory.size]).toEqual([undefined, 0]);
  });
});
