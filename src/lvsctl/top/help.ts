// What `?` shows in `lvsctl top`.

export const HELP: readonly string[] = [
  'lvsctl top: keys',
  '',
  'arrows, j k, PageUp PageDown, Home End   choose a line',
  's, S       the next order, the one before      r          reverse it',
  '/          filter: parts of names, addresses, states, modes',
  'Enter      only this service, and back         Escape     everything again',
  'f, F       fold this service, all              left right fold, unfold',
  'space      pause: the picture stays, the readings go on',
  'd          drain: no new connections           x          disable: out of the table',
  'e          enable: its checks decide again     w, + -     weight',
  'Ctrl-L     draw anew                           q          quit',
  '',
  'Changes ask before they are made. A running monitor drains, disables and enables; without one',
  'd is weight 0, and weights are set as a transaction: lvsctl undo takes them back.',
  'Numbers a second are over at least four seconds. - is what is not known.',
  '',
  'any key goes back',
];
