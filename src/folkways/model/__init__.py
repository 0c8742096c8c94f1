"""The words of Folkways, without input or output: what a row, a period, a population is."""
