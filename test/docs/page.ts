// Pages with parts that are made from the program: `<!-- NAME -->` begins one, `<!-- end -->` ends
// it. The text around them is written by hand.

/** The names of the parts of a page, in order. */
export function partsOf(page: string): string[] {
  return [...page.matchAll(/^<!-- (.*) -->\n/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'end');
}

/** The page with the parts made anew. @param parts text by name, without a newline at its end */
export function withParts(page: string, parts: ReadonlyMap<string, string>): string {
  return page.replace(
    /^<!-- (.*) -->\n[\s\S]*?^<!-- end -->$/gm,
    (old: string, name: string): string => {
      const text = parts.get(name);
      return text === undefined ? old : `<!-- ${name} -->\n\n${text}\n\n<!-- end -->`;
    },
  );
}
