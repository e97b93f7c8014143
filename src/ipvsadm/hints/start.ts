// Why ipvsadm could not start.
import type { Advice } from './line.js';

const WITHOUT_IPVS = 'without IPVS, LVS_BACKEND=file:PATH keeps the rules in a file';
const WITHOUT_IPVS_ZH = '没有 IPVS 时，LVS_BACKEND=file:PATH 把规则保存在文件里';

/**
 * @param failure the errno's name of the kernel's refusal
 * @param loaded whether the kernel has IPVS
 */
export function startAdvice(failure: string, loaded: boolean): Advice | undefined {
  if (failure === 'ENOPROTOOPT')
    return {
      en: `this kernel has no IPVS (module ip_vs); ${WITHOUT_IPVS}`,
      zh: `内核没有 IPVS（模块 ip_vs）；${WITHOUT_IPVS_ZH}`,
    };
  if (failure !== 'EPERM') return undefined;
  return loaded
    ? { en: 'IPVS needs root; try sudo', zh: 'IPVS 需要 root；请用 sudo' }
    : {
        en: `IPVS needs root (try sudo), and the kernel module ip_vs, which is not loaded; ${WITHOUT_IPVS}`,
        zh: `IPVS 需要 root（请用 sudo），还需要内核模块 ip_vs，它没有加载；${WITHOUT_IPVS_ZH}`,
      };
}
