"""Nouns, errors and settings that every other package rests on."""
