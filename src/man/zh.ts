// lvsctl(8) in Chinese. A command without a row here has its English line; a test asks for the row.
import type { CommandNode } from '../lvsctl/tree.js';
import { code, type ManualBlock, section, strong, type Tagged, text } from './blocks.js';
import { readInline } from './markdown.js';
import { pageOf } from './pages.js';

/** What each command does. */
// biome-ignore format: a table
export const CHINESE: Readonly<Record<string, string>> = {
  check: '检查 lvsctl 文件：列出所有错误及其行号，以及警告',
  import: '由保存的规则、当前的表、keepalived 或 ldirectord 的配置生成 lvsctl 文件',
  export: '把 lvsctl 文件写成 keepalived.conf、保存的规则或 nft 规则',
  diff: '比较当前的表与保存的规则或 lvsctl 文件',
  plan: '显示 apply 将执行的步骤，以及每一步会断开什么',
  apply: '使当前的表与文件一致，要么全部完成，要么什么都不改',
  ensure: '添加或修改一个服务或真实服务器，选项与 ipvsadm 相同',
  absent: '如果存在，删除一个服务或真实服务器',
  set: '修改已有的服务或真实服务器',
  confirm: '保留 `apply --confirm-timeout` 所做的修改',
  undo: '撤销一次事务',
  history: '列出事务，或显示其中一次',
  rules: '在本发行版保存规则的位置加载、保存和清除规则',
  director: '按文件配置调度器，撤销配置，或比较期望状态与实际状态',
  realserver: '按文件配置真实服务器，撤销配置，或比较期望状态与实际状态',
  doctor: '找出本机上影响 LVS 的问题，并给出修复命令',
  follow: '让本调度器保持与 etcd 中的文件一致',
  fleet: '为所有调度器发布一个文件，并显示它们的状态',
  trace: '跟踪一个数据包及其应答从客户端到真实服务器再返回的路径',
  ha: '多台调度器：由 keepalived 切换，或由 BIRD 宣告',
  monitor: '运行健康检查，使 IPVS 表与结果保持一致；显示状态',
  top: '持续显示的服务和真实服务器表',
  show: '以表格或 JSON 显示服务、流量和连接',
  disable: '强制停用一台真实服务器',
  enable: '让健康检查重新决定一台真实服务器的状态',
  drain: '不再给真实服务器新连接；加 `--wait` 则等待现有连接结束',
  serve: '通过 HTTP 提供状态页面、指标、JSON 和 CSV',
  explain: '解释 ipvsadm 的命令行：含义、改变和结果',
  simulate: '让生成的或记录的请求经过规则，显示分配结果',
  lab: '启动一个真实内核，其中有客户端、调度器和两台真实服务器，供学习使用',
  completion: '输出 bash、zsh 或 fish 的补全脚本',
};

/** The options of lvsctl itself. */
// biome-ignore format: a table
const OPTIONS: readonly (readonly [flags: string, meaning: string])[] = [
  ['-V, --version', '显示版本'],
  ['--netns <name>', '在此网络命名空间中工作：`ip netns` 的名称，或路径'],
  ['-h, --help', '显示帮助'],
];

// biome-ignore format: a table
const STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  ['0', '完成'],
  ['1', '有差异、有发现，或有真实服务器不可用；各命令的手册页有具体含义'],
  ['2', '出错：信息在标准错误输出中'],
  ['3', '某个服务没有可用的真实服务器，或表未能恢复原状'],
  ['70', 'lvsctl 自身的缺陷：请报告'],
];

// biome-ignore format: a table
const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ['LVS_BACKEND', '规则所在之处：`kernel`（内核，默认）、`memory`（内存）或 `file:<path>`（表文件，不需要 root 和 IPVS）'],
  ['NO_COLOR', '设置后不使用颜色'],
];

// biome-ignore format: a table
const FILES: readonly (readonly [path: string, meaning: string])[] = [
  ['/etc/lvs.yaml', 'lvsctl 文件，见 lvsctl.yaml(5)；systemd 单元使用它'],
  ['/etc/ipvsadm.rules, /etc/sysconfig/ipvsadm', '开机时加载的规则'],
  ['/run/lvsctl/', '修改记录、锁、健康检查的套接字'],
  ['/var/lib/lvsctl/', '事务历史、健康检查的状态'],
];

// biome-ignore format: a table
const EXAMPLES: readonly (readonly [line: string, meaning: string])[] = [
  ['lvsctl check lvs.yaml', '检查文件'],
  ['lvsctl director up lvs.yaml --dry-run', '只显示将要执行的命令'],
  ['lvsctl director up lvs.yaml', '把本机配置为调度器'],
  ['lvsctl realserver up lvs.yaml', '把本机配置为真实服务器'],
  ['lvsctl monitor status --watch', '持续显示真实服务器的状态'],
  ['lvsctl drain 10.0.0.11 --wait', '摘下一台真实服务器，等待连接结束'],
  ['lvsctl simulate /etc/ipvsadm.rules --compare rr,wlc,sh', '不需要内核，比较调度算法'],
];

const inline = (value: string) => readInline(value, () => undefined);
const chinese = (value: string): ManualBlock => ({ kind: 'paragraph', text: inline(value) });

/** The page, from 名称 on. @param tree lvsctl with all its commands */
export function chineseBlocks(tree: CommandNode): readonly ManualBlock[] {
  return [
    section('名称'),
    chinese('lvsctl - 配置、检查和观察 Linux 虚拟服务器'),
    section('概要'),
    { kind: 'code', lines: ['lvsctl [选项] 命令 [参数...]'] },
    section('描述'),
    chinese(
      'lvsctl 与 ipvsadm 配合使用。它按一个 YAML 文件配置调度器和真实服务器，运行健康检查，' +
        '以事务方式修改 IPVS 表，查找故障，并在没有内核的情况下模拟调度算法。',
    ),
    chinese(
      '`lvsctl help COMMAND` 显示一个命令的选项、例子和退出状态。命令之后括号中的手册页是英文。',
    ),
    section('命令'),
    { kind: 'tagged', rows: tree.commands.map(commandRow) },
    section('选项'),
    tagged(OPTIONS),
    section('环境变量'),
    tagged(ENVIRONMENT),
    section('退出状态'),
    tagged(STATUSES),
    section('文件'),
    tagged(FILES),
    section('例子'),
    tagged(EXAMPLES),
    section('参见'),
    {
      kind: 'paragraph',
      text: [
        strong('lvsctl'),
        text('(8), '),
        strong('ipvsadm'),
        text('(8), '),
        strong('lvsctl.yaml'),
        text('(5)'),
      ],
    },
    chinese('中文指南在软件包的目录 docs/guide/zh 中。'),
  ];
}

function commandRow({ name, help }: CommandNode): Tagged {
  const page = pageOf(name);
  return {
    tag: [code(`lvsctl ${name}`)],
    body: [
      inline(CHINESE[name] ?? help),
      ...(page ? [[strong(page.name), text(`(${page.section})`)]] : []),
    ],
  };
}

function tagged(rows: readonly (readonly [string, string])[]): ManualBlock {
  return {
    kind: 'tagged',
    rows: rows.map(([tag, body]) => ({ tag: [code(tag)], body: [inline(body)] })),
  };
}
