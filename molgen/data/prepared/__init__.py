"""Prepared libraries: compounds read and standardised once, with what models read of them, in a folder of Parquet files."""
