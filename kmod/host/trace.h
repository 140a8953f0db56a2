/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of regions: events/ivshmem_host in tracefs. */
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

#endif /* IVSHMEM_HOST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
