// For `npm run mutate -- --static`: a plugin of Stryker that leaves out faults within functions.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const functions = {
  /** @returns why nothing is planted in this part of the syntax tree; undefined: it is */
  shouldIgnore(path) {
    return path.isFunction() || path.isClassMethod() ? 'within a function' : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'functions', functions)];
