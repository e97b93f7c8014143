/** Version of lvsctl. */
export const VERSION = '0.1.0';
