export const define: { readonly LVS_CLI_VERSION: string };
