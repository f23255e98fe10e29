/** ipsec.conf, which our daemon and pluto both read. */

/** `keyword=value` lines of one section. */
export type Keywords = { readonly [keyword: string]: string };

export interface IpsecConf {
  readonly setup?: Keywords;
  readonly conns: { readonly [name: string]: Keywords };
}

export function ipsecConf({ setup, conns }: IpsecConf): string {
  const sections = Object.entries(conns).map(([name, keywords]) => section(`conn ${name}`, keywords));
  return [...(setup ? [section('config setup', setup)] : []), ...sections].join('\n');
}

const section = (title: string, keywords: Keywords): string =>
  [title, ...Object.entries(keywords).map(([keyword, value]) => `\t${keyword}=${value}`), ''].join('\n');
