/** js-md4 comes without types. Its other outputs ask OpenSSL, which has no MD4 any more. */
declare module 'js-md4' {
  const md4: { array(message: Uint8Array): number[] };
  export default md4;
}
