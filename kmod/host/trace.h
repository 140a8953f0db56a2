/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of regions and their members: events/ivshmem_host in tracefs. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ivshmem_host

#if !defined(IVSHMEM_HOST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IVSHMEM_HOST_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#include "host.h"

DECLARE_EVENT_CLASS(ivshmem_region,
	TP_PROTO(const struct region *region),
	TP_ARGS(region),
	TP_STRUCT__entry(
		__array(char, name, IVSHMEM_NAME_SIZE)
		__field(u64, id)
		__field(u64, size)
		__field(u32, uid)
	),
	TP_fast_assign(
		strscpy_pad(__entry->name, region->name, IVSHMEM_NAME_SIZE);
		__entry->id = region->id;
		__entry->size = region->size;
		__entry->uid = __kuid_val(region->uid);
	),
	TP_printk("name=%s id=%llu size=%llu uid=%u", __entry->name, __entry->id, __entry->size,
		  __entry->uid)
);

DEFINE_EVENT(ivshmem_region, ivshmem_region_create,
	TP_PROTO(const struct region *region),
	TP_ARGS(region)
);

DEFINE_EVENT(ivshmem_region, ivshmem_region_destroy,
	TP_PROTO(const struct region *region),
	TP_ARGS(region)
);

DECLARE_EVENT_CLASS(ivshmem_member,
	TP_PROTO(const struct region *region, u32 peer, u64 serial),
	TP_ARGS(region, peer, serial),
	TP_STRUCT__entry(
		__array(char, name, IVSHMEM_NAME_SIZE)
		__field(u64, id)
		__field(u64, serial)
		__field(u32, peer)
	),
	TP_fast_assign(
		strscpy_pad(__entry->name, region->name, IVSHMEM_NAME_SIZE);
		__entry->id = region->id;
		__entry->serial = serial;
		__entry->peer = peer;
	),
	TP_printk("name=%s id=%llu peer=%d serial=%llu", __entry->name, __entry->id,
		  (int)__entry->peer, __entry->serial)
);

DEFINE_EVENT(ivshmem_member, ivshmem_join,
	TP_PROTO(const struct region *region, u32 peer, u64 serial),
	TP_ARGS(region, peer, serial)
);

DEFINE_EVENT(ivshmem_member, ivshmem_leave,
	TP_PROTO(const struct region *region, u32 peer, u64 serial),
	TP_ARGS(region, peer, serial)
);

TRACE_EVENT(ivshmem_doorbell,
	TP_PROTO(const struct region *region, const struct ivshmem_doorbell *which, int err),
	TP_ARGS(region, which, err),
	TP_STRUCT__entry(
		__array(char, name, IVSHMEM_NAME_SIZE)
		__field(u64, id)
		__field(u64, serial)
		__field(u32, peer)
		__field(u32, vector)
		__field(int, err)
	),
	TP_fast_assign(
		strscpy_pad(__entry->name, region->name, IVSHMEM_NAME_SIZE);
		__entry->id = region->id;
		__entry->serial = which->serial;
		__entry->peer = which->peer;
		__entry->vector = which->vector;
		__entry->err = err;
	),
	TP_printk("name=%s id=%llu peer=%u vector=%u serial=%llu err=%d", __entry->name,
		  __entry->id, __entry->peer, __entry->vector, __entry->serial, __entry->err)
);

#endif /* IVSHMEM_HOST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
