/** Where Vitrine lives, with a slash at the end: the server writes it into the page as <base>. */
export const BASE = new URL(document.baseURI);

/** An address of this server, whatever prefix it lives under. */
export const address = (path: string): string => new URL(path, BASE).href;

/**
 * The same file from where this page came from. The API names files by the server's public address, which another name of the
 * same machine (localhost for 127.0.0.1) is not, and the page may show pictures of its own origin alone.
 */
export function ownFile(url: string): string {
  const found = /\/((?:files|uploads|exports|imports)\/.*)$/.exec(new URL(url, BASE).pathname);
  return found?.[1] === undefined ? url : address(found[1]);
}
