// What a manual page is made of, between what it is read from (tables, pages in Markdown) and roff.

/** A piece of a text; a parameter is in code only: `--file <path>`. */
export interface Inline {
  readonly kind: 'text' | 'code' | 'strong' | 'emphasis';
  readonly text: string;
}
export type Inlines = readonly Inline[];

export interface Tagged {
  readonly tag: Inlines;
  readonly body: readonly Inlines[];
}

export type ManualBlock =
  /** level 1 is a section of the page, 2 and more are below it */
  | { readonly kind: 'heading'; readonly level: number; readonly text: Inlines }
  | { readonly kind: 'paragraph'; readonly text: Inlines }
  | { readonly kind: 'items'; readonly items: readonly Inlines[] }
  /** options, rows of a table: a tag, and the text that belongs to it */
  | { readonly kind: 'tagged'; readonly rows: readonly Tagged[] }
  /** command lines of a synopsis, which may be broken */
  | { readonly kind: 'synopsis'; readonly lines: readonly string[] }
  /** lines as they are */
  | { readonly kind: 'code'; readonly lines: readonly string[] };

export const text = (value: string): Inline => ({ kind: 'text', text: value });
export const code = (value: string): Inline => ({ kind: 'code', text: value });
export const strong = (value: string): Inline => ({ kind: 'strong', text: value });

export const section = (title: string): ManualBlock => ({
  kind: 'heading',
  level: 1,
  text: [text(title)],
});
export const subsection = (title: string): ManualBlock => ({
  kind: 'heading',
  level: 2,
  text: [text(title)],
});
export const paragraph = (...pieces: readonly (string | Inline)[]): ManualBlock => ({
  kind: 'paragraph',
  text: pieces.map((piece) => (typeof piece === 'string' ? text(piece) : piece)),
});
