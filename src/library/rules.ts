// Saved rules: text to rules and back.
import { readNumericRules } from '../lvsctl/config/rulefile.js';
import { LvsctlError } from '../lvsctl/errors.js';
import { NUMERIC } from '../render/names.js';
import { renderDestinationRule, renderServiceRule } from '../render/rules.js';
import type * as Api from './api.js';
import { LvsError } from './errors.js';
import { fromDestination, fromService, toVirtualServer } from './shapes.js';

export const parseRules: typeof Api.parseRules = (text, name = 'rules') => {
  try {
    return readNumericRules(text, name).services.map(({ service, destinations }) => ({
      service: fromService(service),
      servers: destinations.map(fromDestination),
    }));
  } catch (error) {
    if (error instanceof LvsctlError) throw new LvsError('BAD_RULES', error.message);
    throw error;
  }
};

export const renderRules: typeof Api.renderRules = (rules) =>
  rules
    .map(toVirtualServer)
    .flatMap(({ service, destinations }) => [
      renderServiceRule(service, NUMERIC),
      ...destinations.map((one) => renderDestinationRule(service.id, one, NUMERIC)),
    ])
    .join('');
