// The page's files are modules for browsers; without a package.json node would not take them as such.
import {readFile} from 'node:fs/promises';

async function asUrl(name) {
  let source = await readFile(new URL(`./${name}`, import.meta.url), 'utf8');
  for (const [whole, other] of source.matchAll(/ from '\.\/([^']+)'/g)) {
    source = source.replace(whole, ` from '${await asUrl(other)}'`);
  }
  return `data:text/javascript,${encodeURIComponent(source).replaceAll("'", '%27')}`;
}

/** A module of the page, with all that it imports. */
export const importPage = async (name) => import(await asUrl(name));
