"""Space, time and statistics over arrays, metres and cells."""
