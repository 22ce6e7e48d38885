DROP INDEX entries_by_time; -- numbers are in the order of times: EntryTimes
