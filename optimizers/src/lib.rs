//! Update rules, schedules, regularizers and training support.
