// What the terminal of stdout can show.

export interface Terminal {
  /** stdout is one */
  readonly isTerminal: boolean;
  /** colours are allowed and can be shown */
  readonly colour: boolean;
  /** the screen can be cleared */
  readonly screen: boolean;
  /** columns; infinite where stdout is no terminal, so that nothing is cut for programs */
  readonly width: number;
  /** characters beyond ASCII can be shown in this locale */
  readonly unicode: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/** @see https://no-color.org; locale(7): the first of the three that is not empty counts */
export function terminalOf(
  stdout: { readonly isTTY?: boolean; readonly columns?: number },
  env: Env,
): Terminal {
  const screen = stdout.isTTY === true && env.TERM !== 'dumb';
  return {
    isTerminal: stdout.isTTY === true,
    colour: screen && !env.NO_COLOR,
    screen,
    // a terminal of unknown size reports 0
    width: stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY,
    unicode: /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || ''),
  };
}
