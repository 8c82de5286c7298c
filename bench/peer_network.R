# Times spNetwork::nkde: Rscript peer_network.R FOLDER METHOD BANDWIDTH [LIBRARY]
# FOLDER holds lines.gpkg, events.gpkg and samples.gpkg; densities go to METHOD.csv there.
given <- commandArgs(trailingOnly = TRUE)
if (length(given) > 3) .libPaths(c(given[4], .libPaths()))
suppressMessages({ library(spNetwork); library(sf) })
read <- function(name) st_read(file.path(given[1], paste0(name, ".gpkg")), quiet = TRUE)
lines <- read("lines"); events <- read("events"); samples <- read("samples")
start <- proc.time()[["elapsed"]]
density <- nkde(lines, events, rep(1, nrow(events)), samples, kernel_name = "quartic",
                bw = as.numeric(given[3]), method = given[2], div = "none", digits = 3, tol = 0.01,
                max_depth = 15, grid_shape = c(1, 1), sparse = TRUE, verbose = FALSE, check = FALSE)
cat(proc.time()[["elapsed"]] - start, "\n")
write.csv(data.frame(density = density), file.path(given[1], paste0(given[2], ".csv")))
